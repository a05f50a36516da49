"""A difference with one line for everything, and nothing else."""

from __future__ import annotations

from reprocheck.reports.diff_lines import closing_lines, head_lines, package_lines
from reprocheck.reports.diff_numeric_lines import concise_lines, fault_lines
from reprocheck.reports.diff_report import DiffReport

NAME = "concise"


def render(report: DiffReport) -> str:
    """Return the lines, the counts last."""
    lines = (
        *fault_lines(report),
        *head_lines(report),
        *package_lines(report, with_details=False),
        *concise_lines(report),
        *closing_lines(report),
    )
    return "\n".join(lines) + "\n"

"""A difference for people: faults first, what holds for the whole, packages, what is computed, then the counts."""

from __future__ import annotations

from reprocheck.reports.diff_lines import closing_lines, head_lines, package_lines
from reprocheck.reports.diff_numeric_lines import fault_lines, numeric_paragraphs
from reprocheck.reports.diff_report import DiffReport

NAME = "full"


def render(report: DiffReport) -> str:
    """Return the paragraphs, an empty line between them."""
    paragraphs = (
        fault_lines(report),
        head_lines(report),
        package_lines(report, with_details=True),
        *numeric_paragraphs(report),
        closing_lines(report),
    )
    return "\n\n".join(filter(None, ("\n".join(lines) for lines in paragraphs))) + "\n"

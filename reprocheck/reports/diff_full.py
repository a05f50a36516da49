"""A difference for people: what holds for the whole first, then every package with its details, then the counts."""

from __future__ import annotations

from reprocheck.reports.diff_lines import closing_lines, head_lines, package_lines
from reprocheck.reports.diff_report import DiffReport

NAME = "full"


def render(report: DiffReport) -> str:
    """Return the paragraphs, an empty line between them."""
    paragraphs = (head_lines(report), package_lines(report, with_details=True), closing_lines(report))
    return "\n\n".join(filter(None, ("\n".join(lines) for lines in paragraphs))) + "\n"

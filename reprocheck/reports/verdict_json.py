"""A verdict for programs: the document `reprocheck/verdict/1`."""

from __future__ import annotations

from reprocheck.model.verdicts import verdict_document
from reprocheck.reports.json_text import inert_document
from reprocheck.reports.verdict_report import VerdictReport

NAME = "json"


def render(report: VerdictReport) -> str:
    """Return the verdict document."""
    return inert_document(verdict_document(report.verdict))

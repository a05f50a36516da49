"""Findings for programs: the document `reprocheck/findings/1`."""

from __future__ import annotations

from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.finding_json import closing_json, finding_json
from reprocheck.reports.json_text import inert_document

NAME = "json"


def render(report: AuditReport) -> str:
    """Return the findings document."""
    return inert_document(
        {
            "schema": "reprocheck/findings/1",
            "tool": {"name": "reprocheck", "version": report.tool_version},
            "findings": [finding_json(finding) for finding in report.audit.findings],
            **closing_json(report.audit),
        }
    )

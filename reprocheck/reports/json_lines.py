"""Findings for programs that read line by line: a document each, then one that sums up.

The lines are `reprocheck/finding/1` and, the last one, `reprocheck/summary/1`; together they say what the document
`reprocheck/findings/1` says. Source: jsonlines.org (UTF-8, one value a line).
"""

from __future__ import annotations

from reprocheck.model.json_documents import Json, dump_document_line
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.finding_json import closing_json, finding_json
from reprocheck.reports.json_text import inert_json

NAME = "json-lines"


def render(report: AuditReport) -> str:
    """Return one line a finding, in the order of the other formats, and the summary."""
    tool: dict[str, Json] = {"name": "reprocheck", "version": report.tool_version}
    documents: list[dict[str, Json]] = [
        *({"schema": "reprocheck/finding/1", **finding_json(finding)} for finding in report.audit.findings),
        {"schema": "reprocheck/summary/1", "tool": tool, **closing_json(report.audit)},
    ]
    return "".join(inert_json(dump_document_line(document)) for document in documents)

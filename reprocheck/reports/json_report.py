"""Findings for programs: the document `reprocheck/findings/1`."""

from __future__ import annotations

from reprocheck.model.findings import Finding, Location, Severity
from reprocheck.model.json_documents import Json, dump_document
from reprocheck.reports.audit_report import AuditReport

NAME = "json"


def render(report: AuditReport) -> str:
    """Return the findings document; control characters are escaped by JSON itself."""
    audit = report.audit
    counts: dict[str, Json] = {severity.value: audit.count(severity) for severity in Severity}
    return dump_document(
        {
            "schema": "reprocheck/findings/1",
            "tool": {"name": "reprocheck", "version": report.tool_version},
            "findings": [_finding(finding) for finding in audit.findings],
            "skipped": [{"code": skip.code, "reason": skip.reason} for skip in audit.skipped],
            "summary": {**counts, "skipped": len(audit.skipped), "suppressed": audit.suppressed},
        }
    )


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "location": _location(finding.location),
        "related": [{"location": _location(item.location), "message": item.message} for item in finding.related],
        "packages": [
            {"manager": ref.manager, "name": ref.name, "version": ref.version, "platform": ref.platform}
            for ref in finding.packages
        ],
        "platforms": list(finding.platforms),
        "evidence": list(finding.evidence),
        "fix": finding.fix,
    }


def _location(location: Location) -> Json:
    return {"path": location.path, "line": location.line, "column": location.column}

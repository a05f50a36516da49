"""Findings for the Code Quality widget of GitLab.

Rows with the same fingerprint are dropped by GitLab, so each has its own.
Source: docs.gitlab.com "Code Quality", report format of other tools; the specification of Code Climate, §Issues.
"""

from __future__ import annotations

import json

from reprocheck.model.findings import Finding, Severity
from reprocheck.model.json_documents import Json
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.finding_keys import finding_keys
from reprocheck.reports.json_text import inert_json
from reprocheck.reports.visible import visible

NAME = "gitlab"

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: AuditReport) -> str:
    """Return a JSON array with one object a finding."""
    findings = report.audit.findings
    rows = [_row(finding, key) for finding, key in zip(findings, finding_keys(findings), strict=True)]
    return inert_json(json.dumps(rows, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def _row(finding: Finding, key: str) -> Json:
    fix = f"; fix: {' '.join(finding.fix.split())}" if finding.fix else ""
    return {
        "description": visible(finding.message + fix),
        "check_name": f"{finding.code} {finding.name}",
        "fingerprint": key,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": finding.location.path, "lines": {"begin": finding.location.line}},
    }

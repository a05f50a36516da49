"""One line a finding, as compilers and editors like it."""

from __future__ import annotations

from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.summary import counts_line, skipped_lines
from reprocheck.reports.visible import visible

NAME = "concise"


def render(report: AuditReport) -> str:
    """Return `path:line:column: CODE severity: message` lines, then the summary."""
    lines = [
        visible(f"{finding.location}: {finding.code} {finding.severity.value}: {finding.message}")
        for finding in report.audit.findings
    ]
    return "\n".join([*lines, counts_line(report.audit), *skipped_lines(report.audit.skipped)]) + "\n"

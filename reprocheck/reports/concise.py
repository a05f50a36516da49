"""One line a finding, as compilers and editors like it."""

from __future__ import annotations

from reprocheck.model.findings import Finding
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.log_text import log_text
from reprocheck.reports.summary import closing_lines
from reprocheck.reports.visible import visible

NAME = "concise"


def render(report: AuditReport) -> str:
    """Return `path:line:column: CODE severity: message` lines, then the summary."""
    return log_text(
        [*map(concise_line, report.audit.findings), *closing_lines(report.audit, every_code=report.every_code)]
    )


def concise_line(finding: Finding) -> str:
    """Return the line of one finding."""
    return visible(f"{finding.location}: {finding.code} {finding.severity.value}: {finding.message}")

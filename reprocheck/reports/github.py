"""Findings as GitHub workflow commands, which become annotations on the lines of a pull request.

Source: docs.github.com "Workflow commands for GitHub Actions"; escaping as in actions/toolkit
packages/core/src/command.ts. At most ten annotations of a step are shown, so the worst come first.
"""

from __future__ import annotations

from reprocheck.model.findings import Finding, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.summary import counts_line, skipped_lines
from reprocheck.reports.visible import visible

NAME = "github"

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: AuditReport) -> str:
    """Return one workflow command a finding, worst first, then the summary as plain log lines."""
    ordered = sorted(report.audit.findings, key=lambda finding: (finding.severity.rank, finding.sort_key))
    closing = [counts_line(report.audit), *skipped_lines(report.audit.skipped)]
    return "\n".join([*map(_annotation, ordered), *closing]) + "\n"


def _annotation(finding: Finding) -> str:
    place = finding.location
    properties = {
        "file": place.path,
        "line": str(place.line),
        "col": str(place.column),
        "title": f"{finding.code} {finding.name}",
    }
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = finding.message + (f"\nfix: {finding.fix}" if finding.fix else "")
    return f"::{_COMMANDS[finding.severity]} {told}::{_data(message)}"


def _data(text: str) -> str:
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")

"""Findings as GitHub workflow commands, which become annotations on the lines of a pull request.

Of each level, the runner keeps the first ten of a step, and of a message the first 4,096 characters; so the worst
come first, and what would be dropped is written to the log.
Sources: docs.github.com "Workflow commands for GitHub Actions"; actions/runner
src/Runner.Worker/ExecutionContext.cs (limits); escaping as in actions/toolkit packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reprocheck.model.findings import Audit, Finding, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.concise import concise_line
from reprocheck.reports.log_text import log_text
from reprocheck.reports.summary import closing_lines
from reprocheck.reports.visible import shortened, visible

NAME = "github"

MOST_OF_A_LEVEL = 10
LONGEST_MESSAGE = 4096
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: AuditReport) -> str:
    """Return workflow commands, worst first, then further findings and the summary as plain log lines."""
    annotated = [finding for level in Severity for finding in _of(report.audit, level)[:MOST_OF_A_LEVEL]]
    commands = "".join(f"{_annotation(finding)}\n" for finding in annotated)
    return commands + log_text([*_others(report.audit), *closing_lines(report.audit)])


def _of(audit: Audit, severity: Severity) -> list[Finding]:
    return [finding for finding in audit.findings if finding.severity is severity]


def _others(audit: Audit) -> Iterator[str]:
    others = [finding for level in Severity for finding in _of(audit, level)[MOST_OF_A_LEVEL:]]
    if others:
        yield f"{len(others)} more, which GitHub would not show as annotations:"
        yield from map(concise_line, others)


def _annotation(finding: Finding) -> str:
    place = finding.location
    properties = {
        "file": place.path,
        "line": str(place.line),
        "col": str(place.column),
        "title": f"{finding.code} {finding.name}",
    }
    message = finding.message + (f"\nfix: {finding.fix}" if finding.fix else "")
    return workflow_command(_COMMANDS[finding.severity], properties, message)


def workflow_command(command: str, properties: Mapping[str, str], message: str) -> str:
    """Return a workflow command (`error`, `warning` or `notice`) with its properties and a message of any lines."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command} {told}::{_data(message)}"


def _data(text: str) -> str:
    lines = shortened("\n".join(visible(line) for line in text.split("\n")), LONGEST_MESSAGE)
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")

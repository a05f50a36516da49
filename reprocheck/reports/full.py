"""Findings for people: the place with its line, what is wrong, how it came in, what shows it, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reprocheck.model.findings import Finding, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.excerpts import excerpt_lines
from reprocheck.reports.log_text import log_text
from reprocheck.reports.package_paths import path_lines
from reprocheck.reports.summary import closing_lines
from reprocheck.reports.terminal_text import painted, wrapped
from reprocheck.reports.visible import visible

NAME = "full"

_COLORS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1"}


def render(report: AuditReport) -> str:
    """Return every finding as a paragraph, then the summary and the skipped rules."""
    lines: list[str] = []
    for finding in report.audit.findings:
        lines += [*paragraph(finding, report), ""]
    for line in closing_lines(report.audit, every_code=report.every_code):
        lines += _hanging("", line, report, indent=2)
    return log_text(lines)


def paragraph(finding: Finding, report: AuditReport) -> Iterator[str]:
    """Yield the lines of one finding."""
    paint = partial(_paint, report=report)
    label = paint(finding.severity.value, _COLORS[finding.severity])
    yield f"{visible(str(finding.location))}: {label} {paint(finding.code, '1')} {finding.name}"
    yield from _hanging("  ", finding.message, report, 2)
    for line in excerpt_lines(finding, report, partial(paint, code="31;1")):
        yield f"  {line}"
    yield from (f"  {line}" for line in path_lines(finding, report))
    for fact in finding.evidence:
        yield from _hanging("  = ", fact, report, 4)
    lead = f"  {paint('fix:', '32;1')} "
    for line in finding.fix.split("\n") if finding.fix else ():
        yield from _hanging(lead, line, report, 7)
        lead = " " * 7


def _hanging(lead: str, text: str, report: AuditReport, indent: int) -> Iterator[str]:
    """Yield one line after `lead`, or several, the others behind `indent` spaces."""
    for line in wrapped(visible(text), report.width and report.width - indent):
        yield lead + line
        lead = " " * indent


def _paint(text: str, code: str, report: AuditReport) -> str:
    return painted(text, code) if report.color else text

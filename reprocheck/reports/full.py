"""Findings for people: the place with its line, what is wrong, what shows it, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Finding, Location, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.summary import counts_line, skipped_lines
from reprocheck.reports.visible import visible

NAME = "full"

_COLORS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1"}
_TAB = 4


def render(report: AuditReport) -> str:
    """Return every finding as a paragraph, then the summary and the skipped rules."""
    paragraphs = ["\n".join(_paragraph(finding, report)) for finding in report.audit.findings]
    closing = [counts_line(report.audit), *skipped_lines(report.audit.skipped)]
    return "\n\n".join([*paragraphs, "\n".join(closing)]) + "\n"


def _paragraph(finding: Finding, report: AuditReport) -> Iterator[str]:
    label = _paint(finding.severity.value, _COLORS[finding.severity], report)
    code = _paint(finding.code, "1", report)
    yield f"{visible(str(finding.location))}: {label} {code} {finding.name}"
    yield f"  {visible(finding.message)}"
    yield from _excerpts(finding, report)
    yield from (f"  = {visible(line)}" for line in finding.evidence)
    if finding.fix:
        first, *rest = finding.fix.split("\n")
        yield f"  {_paint('fix:', '32;1', report)} {visible(first)}"
        yield from (f"       {visible(line)}" for line in rest)


def _excerpts(finding: Finding, report: AuditReport) -> Iterator[str]:
    """Yield the source lines of the primary and the related places, with a caret under the primary one."""
    places = [(finding.location, "")] + [(related.location, related.message) for related in finding.related]
    width = max(len(str(place.line)) for place, _ in places)
    for place, message in places:
        line = _line_at(place, report)
        if line is None:
            if message:
                yield f"  see {visible(str(place))}: {visible(message)}"
            continue
        shown = visible(line.replace("\t", " " * _TAB))
        yield f"  {place.line:>{width}} | {shown}"
        gap = " " * (place.column - 1)
        yield f"  {' ' * width} | {gap}{_paint('^', '31;1', report)}{' ' + visible(message) if message else ''}"


def _line_at(place: Location, report: AuditReport) -> str | None:
    lines = report.sources.get(place.path, ())
    return lines[place.line - 1].rstrip() if place.line <= len(lines) else None


def _paint(text: str, code: str, report: AuditReport) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if report.color else text

"""Findings for a comment on a pull request, or the summary of a CI step: counts, a table a severity, folded details.

What finds no room is left out and counted: details before rows, the mildest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reprocheck.model.findings import Audit, Finding, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.excerpts import excerpt_lines
from reprocheck.reports.log_text import log_text
from reprocheck.reports.markdown_text import LONGEST_COMMENT, code_span, fenced, folded, plain, row, sentence
from reprocheck.reports.package_paths import path_lines
from reprocheck.reports.summary import counts_line, fix_lines, skipped_lines, suppression_lines
from reprocheck.reports.visible import shortened

NAME = "markdown"

LONGEST_STEP_SUMMARY = 900_000  # GitHub takes 1 MiB a step, and drops all of it where there is more.
_FRAME = 4_000  # Bytes for headings, and for what follows the findings.
_LONGEST_CELL = 500
_LONGEST_LINE = 2_000
_WIDTH = 100  # Columns of an excerpt; sites show wider ones behind a bar.


def render(report: AuditReport) -> str:
    """Return a comment."""
    return render_within(report, LONGEST_COMMENT)


def render_within(report: AuditReport, longest: int) -> str:
    """Return the report in `longest` bytes of UTF-8 at most."""
    findings = sorted(report.audit.findings, key=lambda finding: (finding.severity.rank, finding.sort_key))
    rows = _fitting([_row(finding) for finding in findings], longest - _FRAME)
    room = longest - _FRAME - sum(map(_size, rows))
    narrow = replace(report, width=_WIDTH)
    details = _fitting(["\n\n".join(_details(finding, narrow)) for finding in findings[: len(rows)]], room)
    blocks = [f"**{sentence(counts_line(report.audit))}**", *map(plain, fix_lines(report.audit))]
    for severity in Severity:
        chosen = [number for number, finding in enumerate(findings) if finding.severity is severity]
        if chosen:
            blocks += _severity(severity, rows[chosen[0] : chosen[-1] + 1], details[chosen[0] : chosen[-1] + 1])
    blocks += [*_left_out(len(findings), len(rows), len(details)), *_closing(report.audit)]
    return log_text("\n\n".join(blocks).split("\n"))


def _severity(severity: Severity, rows: Sequence[str], details: Sequence[str]) -> Iterator[str]:
    """Yield the table of one severity and its details; both may have found no room."""
    if rows:
        table = [row(["Rule", "Where", "What"]), row(["---"] * 3), *rows]
        yield f"### {sentence(severity.value)}{'s' if len(rows) > 1 else ''}\n\n" + "\n".join(table)
    if details:
        yield folded(f"How it came about, and how to mend it ({len(details)})", "\n\n".join(details))


def _row(finding: Finding) -> str:
    place = finding.location
    where = code_span(shortened(f"{place.path}:{place.line}", _LONGEST_CELL))
    return row([f"`{finding.code}` {finding.name}", where, plain(shortened(finding.message, _LONGEST_CELL))])


def _details(finding: Finding, report: AuditReport) -> Iterator[str]:
    yield f"**`{finding.code}` {finding.name}** in {_code(str(finding.location))}"
    yield plain(_short(finding.message))
    excerpt = [_short(line) for line in (*excerpt_lines(finding, report), *path_lines(finding, report))]
    if excerpt:
        yield fenced(excerpt)
    if finding.evidence:
        yield "\n".join(f"- {plain(_short(fact))}" for fact in finding.evidence)
    if finding.fix:
        yield "Fix: " + "<br>".join(plain(_short(line)) for line in finding.fix.split("\n"))


def _left_out(findings: int, rows: int, details: int) -> Iterator[str]:
    if rows < findings:
        yield f"{findings - rows} more findings are left out here for want of room; other formats have them."
    elif details < rows:
        yield f"Details of {rows - details} findings are left out here for want of room; other formats have them."


def _closing(audit: Audit) -> Iterator[str]:
    """Yield what follows the findings: comments that allow nothing, and rules that could not look."""
    for title, lines in (
        ("Comments that allow nothing", suppression_lines(audit)),
        ("Rules that could not look", skipped_lines(audit.skipped)),
    ):
        told = _fitting([f"- {plain(shortened(line, _LONGEST_CELL))}" for line in lines], _FRAME // 4)
        more = [f"- and {len(lines) - len(told)} more lines"] * (len(told) < len(lines))
        if lines:
            yield folded(f"{title} ({len(lines)})", "\n".join([*told, *more]))


def _fitting(blocks: Sequence[str], room: int) -> list[str]:
    """Return as many of the first blocks as `room` bytes hold."""
    kept: list[str] = []
    for block in blocks:
        room -= _size(block)
        if room < 0:
            break
        kept.append(block)
    return kept


def _size(block: str) -> int:
    return len(block.encode("utf-8", "surrogatepass")) + len("\n\n")


def _short(line: str) -> str:
    return shortened(line, _LONGEST_LINE)


def _code(text: str) -> str:
    return code_span(_short(text))

"""Source lines with a caret below the column that is meant, whatever the characters before it are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reprocheck.model.findings import Finding, Location
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.terminal_text import columns, cut_after, cut_before
from reprocheck.reports.visible import visible

MOST_PLACES = 8
_TAB = " " * 4
_LONGEST_LINE = 200


def excerpt_lines(finding: Finding, report: AuditReport, paint: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the source lines of the primary and the related places; `paint` colours a caret.

    A line of another file than the one before stands under its name, and a place without a line is named.
    """
    places = [(finding.location, "")] + [(related.location, visible(related.message)) for related in finding.related]
    shown = places[: MOST_PLACES + 1]
    width = max(len(str(place.line)) for place, _ in shown)
    file = finding.location.path
    for place, message in shown:
        line = line_at(place, report)
        if line is None:
            if message and place != finding.location:  # that one heads the finding
                yield f"see {visible(str(place))}: {message}"
            continue
        if place.path != file:
            yield f"in {visible(place.path)}:"
            file = place.path
        text, before = _line(line, place.column, (report.width or _LONGEST_LINE) - width - 5)
        yield f"{place.line:>{width}} | {text}"
        yield f"{' ' * width} | {' ' * before}{paint('^')}{' ' + message if message else ''}"
    if len(places) > len(shown):
        yield f"and {len(places) - len(shown)} more places"


def line_at(place: Location, report: AuditReport) -> str | None:
    """Return the source line of a place, None where it is not at hand."""
    lines = report.sources.get(place.path, ())
    return lines[place.line - 1].rstrip() if place.line <= len(lines) else None


def _line(line: str, column: int, room: int) -> tuple[str, int]:
    """Return the line as it is shown, and how many columns stand before `column`; both ends may be cut."""
    head, tail = (visible(part.replace("\t", _TAB)) for part in (line[: column - 1], line[column - 1 :]))
    head = cut_before(head, max(room // 2, room - columns(tail)))
    return head + cut_after(tail, room - columns(head)), columns(head)

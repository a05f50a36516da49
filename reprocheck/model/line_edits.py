"""Apply line-wise edits to the bytes of a file; every byte outside the edited lines stays as it is.

Line ends (also mixed ones), a byte order mark and a missing last line end are kept. A new line ends as the line in
whose place it stands.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence

from reprocheck.model.findings import Edit

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")

Span = tuple[int, int]


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `data` with the edits, which do not overlap; lines are counted as the readers count them."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    lines = _split(data[len(mark) :])
    for edit in sorted(edits, key=_span, reverse=True):
        _put(lines, edit)
    return mark + b"".join(text + end for text, end in lines)


def is_sound(edit: Edit, lines: int) -> bool:
    """Say whether an edit lies within a file of so many lines, and its new lines are lines."""
    within = 1 <= edit.first <= edit.last + 1 <= lines + 1
    return within and not any(mark in line for line in edit.lines for mark in "\r\n")


def touched(edits: Iterable[Edit]) -> set[tuple[str, int]]:
    """Return the (path, line) pairs that edits touch, an insertion the line that it stands before.

    Mends that touch the same line exclude each other.
    """
    return {(edit.path, line) for edit in edits for line in range(edit.first, max(edit.first, edit.last) + 1)}


def lines_after(edits: Sequence[Edit], lines: int) -> list[int | None]:
    """Return where each of so many lines stands after the edits, None where they replaced it; line 0 stays."""
    moved: list[int | None] = []
    shift = 0
    for edit in sorted(edits, key=_span):
        moved += [number + shift for number in range(len(moved), edit.first)]
        moved += [None] * (edit.last - edit.first + 1)
        shift += len(edit.lines) - (edit.last - edit.first + 1)
    return moved + [number + shift for number in range(len(moved), lines + 1)]


def lines_put(edits: Sequence[Edit]) -> frozenset[int]:
    """Return where the new lines of the edits stand after them."""
    put: set[int] = set()
    shift = 0
    for edit in sorted(edits, key=_span):
        put.update(range(edit.first + shift, edit.first + shift + len(edit.lines)))
        shift += len(edit.lines) - (edit.last - edit.first + 1)
    return frozenset(put)


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (text, line end) pairs; behind the last line end stands an empty line, as in `str.split`."""
    found = [(match[1], match[2]) for match in _LINE.finditer(data)]
    # At the end of data that ends without a line end, the pattern matches once more, emptily.
    return found[:-1] if len(found) > 1 and not found[-2][1] else found


def _put(lines: list[tuple[bytes, bytes]], edit: Edit) -> None:
    first, last = edit.first - 1, edit.last
    end = _end_near(lines, first)
    new = [(text.encode("utf-8"), end) for text in edit.lines]
    if new and last > first:
        new[-1] = (new[-1][0], lines[last - 1][1])
    elif new and first >= len(lines):
        # The last line of the file had no line end: now it needs one, and the new last line has none.
        lines[-1] = (lines[-1][0], end)
        new[-1] = (new[-1][0], b"")
    lines[first:last] = new


def _end_near(lines: list[tuple[bytes, bytes]], index: int) -> bytes:
    """Return the line end at or before a line, else the first one of the file."""
    before = (end for _, end in reversed(lines[: index + 1]) if end)
    return next(before, None) or next((end for _, end in lines if end), b"\n")


def _span(edit: Edit) -> Span:
    return edit.first, edit.last

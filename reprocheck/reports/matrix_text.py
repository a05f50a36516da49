"""The matrix for a terminal: a table of short cells for each platform, and what their letters mean below it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reprocheck.model.judgements import Judgement, Verdict
from reprocheck.model.matrices import GpuRow, Matrix, PlatformTable
from reprocheck.reports.matrix_report import TITLE, basis, cell, column_names, known_by, legend
from reprocheck.reports.terminal_text import painted
from reprocheck.reports.visible import visible

NAME = "text"

_COLORS: dict[Verdict, str] = {"runs": "32", "limited": "33", "no": "31", "unknown": "36"}
_GAP = 2
_NARROWEST = 10  # of what a GPU is told to be; narrower than that it is left out


def render(matrix: Matrix, *, width: int = 80, color: bool = False) -> str:
    """Return the text, at most `width` columns wide as far as the cells allow."""
    parts = [visible(f"{matrix.lock}: {TITLE}")]
    parts += ["\n".join(_platform(table, width, color=color)) for table in matrix.tables]
    return "\n\n".join(parts) + "\n"


def _platform(table: PlatformTable, width: int, *, color: bool) -> Iterator[str]:
    yield visible(", ".join(table.platforms))
    if table.without_cuda:
        yield from _wrapped(table.without_cuda, "  ", width)
        return
    for line in basis(table):
        yield from _wrapped(line, "  ", width)
    yield ""
    yield from _grid(table, width, color=color)
    told = legend(table)
    if told:
        yield ""
    for letter, meaning in told:
        yield from _wrapped(meaning, f"  {letter}  ", width)


def _grid(table: PlatformTable, width: int, *, color: bool) -> Iterator[str]:
    names = [visible(name) for name in column_names(table)]
    cells = [[cell(judgement) for judgement in row.cells] for row in table.rows]
    sizes = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    labels = _labels(table.rows, width - _GAP - sum(size + _GAP for size in sizes))
    gap, label = " " * _GAP, max(map(len, labels))
    yield f"{gap}{labels[0]:<{label}}{gap}driver"
    yield _line(" " * label, [f"{name:<{size}}" for name, size in zip(names, sizes, strict=True)])
    for text, row, line in zip(labels[1:], table.rows, cells, strict=True):
        padded = [f"{shown:<{size}}" for shown, size in zip(line, sizes, strict=True)]
        if color:
            padded = [_painted(shown, one) for shown, one in zip(padded, row.cells, strict=True)]
        yield _line(f"{text:<{label}}", padded)


def _line(label: str, cells: list[str]) -> str:
    gap = " " * _GAP
    return gap.join(["", label, *cells]).rstrip()


def _labels(rows: tuple[GpuRow, ...], room: int) -> list[str]:
    """Return the head and the GPUs: name, drivers that know it, and as much of what it is as there is room for."""
    names = _padded(["GPU", *(visible(row.name) for row in rows)])
    known = _padded(["known to", *(visible(known_by(row)) for row in rows)])
    short = [f"{name}{' ' * _GAP}{drivers}" for name, drivers in zip(names, known, strict=True)]
    left = room - len(short[0]) - _GAP
    if left < _NARROWEST:
        return short
    told = ["", *(_cut(visible(row.told), left) for row in rows)]
    return [f"{text}{' ' * _GAP}{what}".rstrip() for text, what in zip(short, told, strict=True)]


def _padded(texts: list[str]) -> list[str]:
    longest = max(map(len, texts))
    return [f"{text:<{longest}}" for text in texts]


def _cut(text: str, room: int) -> str:
    """Return whole products as far as they fit."""
    if len(text) <= room:
        return text
    head = text[: room + 1]
    return head[: max(head.rfind(", "), head.rfind(": "), 0)] or text[:room]


def _painted(text: str, judgement: Judgement) -> str:
    return text if judgement.is_void else painted(text, _COLORS[judgement.verdict])


def _wrapped(text: str, lead: str, width: int) -> list[str]:
    return textwrap.wrap(
        visible(text),
        width=width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead) + ("  " if not lead.strip() else ""),
        break_on_hyphens=False,
    )

"""What the formats of `reprocheck matrix` share: names of columns and cells, and the legend."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.judgements import KINDS, Judgement, Reason
from reprocheck.model.matrices import DriverColumn, GpuRow, PlatformTable

_WORDS = {"runs": "runs", "limited": "runs", "no": "no", "unknown": "?"}
TITLE = "which drivers and GPUs can run it"
_VOID = "-"
_NO_MACHINE = "there is no such machine: these drivers do not know the GPU"


def column_name(column: DriverColumn, *, is_first: bool) -> str:
    """Return the drivers of a column: `to 520`, `525-545`, `590 on`, or the one that was named."""
    if column.open_end:
        return "all" if is_first else f"{column.first} on"
    if column.first == column.last:
        return f"to {column.last}" if is_first and "." not in column.last else column.first
    return f"to {column.last}" if is_first else f"{column.first}-{column.last}"


def column_names(table: PlatformTable) -> list[str]:
    """Return the names of all columns; drivers that were asked for keep theirs."""
    grouped = any(column.open_end for column in table.columns)
    return [
        column_name(column, is_first=index == 0) if grouped else column.first
        for index, column in enumerate(table.columns)
    ]


def cell(judgement: Judgement) -> str:
    """Return a verdict with the letters of its reasons: `runs`, `runs M` (under a condition), `no DK`, `? U`, `-`."""
    if judgement.is_void:
        return _VOID
    letters = sorted({KINDS[reason.kind].letter for reason in judgement.reasons})
    return f"{_WORDS[judgement.verdict]} {''.join(letters)}".rstrip()


def legend(table: PlatformTable) -> list[tuple[str, str]]:
    """Return the (letter, meaning) pairs of a table, each once, in the order of the letters."""
    told = {(KINDS[reason.kind].letter, _without_kernels(reason.said, table)) for reason in _reasons(table)}
    void = any(judgement.is_void for row in table.rows for judgement in row.cells)
    return [*sorted(told), *[(_VOID, _NO_MACHINE)] * void]


def _without_kernels(said: str, table: PlatformTable) -> str:
    """The kernels stand above the table already."""
    return said.removeprefix(f"{table.torch} holds {table.kernels}: ") if table.kernels else said


def basis(table: PlatformTable) -> list[str]:
    """Return what a table was judged by, as sentences: CUDA with its evidence, torch with its kernels, cuDNN."""
    driver = f", which takes driver {table.driver} or newer" if table.driver else ""
    cuda = f"CUDA {table.cuda}{driver}" if table.cuda else "CUDA of a release that is not known"
    kernels = f": {table.kernels}" if table.kernels else ": kernels not known" if table.torch else ""
    lines = [cuda, *table.evidence, f"{table.torch}{kernels}", table.cudnn]
    return [line for line in lines if line]


def known_by(row: GpuRow) -> str:
    """Return the drivers that know a GPU: `410 on`, `to 580`, `410-580`."""
    first, last = row.drivers
    if first and last:
        return f"{first}-{last}"
    return f"{first} on" if first else f"to {last}" if last else ""


def _reasons(table: PlatformTable) -> Iterator[Reason]:
    for row in table.rows:
        for judgement in row.cells:
            yield from () if judgement.is_void else judgement.reasons

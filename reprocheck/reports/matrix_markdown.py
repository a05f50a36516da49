"""The matrix for a page or a comment: a table for each platform, its letters explained below it."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.matrices import Matrix, PlatformTable
from reprocheck.reports.markdown_text import code_span, plain, row, sentence
from reprocheck.reports.matrix_report import TITLE, basis, cell, column_names, known_by, legend

NAME = "markdown"


def render(matrix: Matrix) -> str:
    """Return the page."""
    blocks = [f"## {code_span(matrix.lock)}: {TITLE}"]
    for table in matrix.tables:
        blocks.append(f"### {plain(', '.join(table.platforms))}")
        blocks.extend("\n".join(part) for part in _platform(table))
    return "\n\n".join(blocks) + "\n"


def _platform(table: PlatformTable) -> Iterator[list[str]]:
    if table.without_cuda:
        yield [f"{sentence(plain(table.without_cuda))}."]
        return
    yield [f"* {plain(line)}" for line in basis(table)]
    yield list(_grid(table))
    told = [f"* **{letter}**: {plain(meaning)}" for letter, meaning in legend(table)]
    if told:
        yield told


def _grid(table: PlatformTable) -> Iterator[str]:
    names = [f"driver {plain(name)}" for name in column_names(table)]
    yield row(["GPU", "what it is", "known to", *names])
    yield row(["---"] * (3 + len(names)))
    for gpu in table.rows:
        cells = [cell(judgement).replace("?", "unknown") for judgement in gpu.cells]
        yield row([code_span(gpu.name), plain(gpu.told), plain(known_by(gpu)), *cells])

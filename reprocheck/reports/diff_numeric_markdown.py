"""What two machines compute differently, for a comment on a pull request: what is long is folded."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.differences import Difference
from reprocheck.model.numeric_differences import NumericDifference
from reprocheck.reports.diff_numeric_words import (
    COLUMNS,
    by_kind,
    counted,
    distance_text,
    remark,
    row_cells,
    rows_to_read,
    uncompared,
    used_columns,
)
from reprocheck.reports.experiment_text import experiment_lines
from reprocheck.reports.markdown_text import code_span, folded, plain, row, sentence

MOST_PROBES = 100


def fault_blocks(difference: Difference) -> Iterator[str]:
    """Yield what no healthy machine does; it stands above everything else."""
    numeric = difference.numeric
    if numeric is not None and numeric.faults:
        yield "\n".join(f"- **Fault** {_where(fault.side)}: {plain(fault.text)}" for fault in numeric.faults)


def numeric_blocks(difference: Difference) -> Iterator[str]:
    """Yield the blocks in the order in which they may be left out from the end."""
    numeric = difference.numeric
    if numeric is None:
        return
    if numeric.rows:
        yield f"### What they compute\n\n{sentence(counted(numeric))}"
        yield "\n".join(_table(numeric))
        yield "\n".join(f"- Not compared: {plain(line)}" for line in uncompared(numeric))
    yield "\n".join(_causes(numeric))
    if numeric.experiment is not None:
        first, *trials = experiment_lines(numeric.experiment)
        yield "\n".join([f"- {plain(sentence(first))}", *(f"  - {plain(line.strip())}" for line in trials)])
    if numeric.probes:
        yield folded(f"Differing probes ({len(numeric.probes)})", "\n".join(_probes(numeric)))
    if numeric.measured:
        title = f"Order of additions and arithmetic ({len(numeric.measured)})"
        yield folded(title, "\n".join(_measured(numeric)))


def _where(side: str) -> str:
    return {"both": "on both sides"}.get(side, side)


def _table(numeric: NumericDifference) -> Iterator[str]:
    rows = rows_to_read(numeric)
    shown = used_columns(rows)
    if rows:
        yield row(["Family", "Dtype", "Device", *(sentence(COLUMNS[index]) for index in shown)])
        yield row(["---"] * 3 + ["--:"] * len(shown))
    for one in rows:
        counts = [str(row_cells(one)[index] or "") for index in shown]
        yield row([code_span(one.family), code_span(one.dtype), code_span(one.device), *counts])


def _causes(numeric: NumericDifference) -> Iterator[str]:
    yield from (f"- {plain(sentence(explanation.text))}" for explanation in numeric.explanations)
    if numeric.ruled_out and numeric.to_explain:
        yield f"- Ruled out by the table: {plain(', '.join(numeric.ruled_out))}"
    if numeric.unexplained:
        yield f"- Unexplained: {len(numeric.left_open)} of them ({plain(by_kind(numeric.left_open))})"


def _probes(numeric: NumericDifference) -> Iterator[str]:
    yield row(["Probe", "Difference", "Rounding units"])
    yield row(["---", "---", "--:"])
    for probe in numeric.probes[:MOST_PROBES]:
        yield row([code_span(probe.label), plain(remark(probe) or probe.kind), code_span(distance_text(probe))])
    if len(numeric.probes) > MOST_PROBES:
        yield f"\nand {len(numeric.probes) - MOST_PROBES} more, which `--output-format json` has"


def _measured(numeric: NumericDifference) -> Iterator[str]:
    yield row(["Measured", "There", "Here"])
    yield row(["---"] * 3)
    for one in numeric.measured:
        yield row([code_span(one.what), plain(one.old), plain(one.new)])

"""What two machines compute differently, for terminals: faults, counts, causes, the probes, then orders of addition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.numeric_differences import NumericDifference, ProbeDifference, SideBySide
from reprocheck.reports.diff_numeric_words import (
    COLUMNS,
    by_kind,
    counted,
    distance_text,
    equal_rows,
    family_label,
    remark,
    row_cells,
    rows_to_read,
    uncompared,
    used_columns,
)
from reprocheck.reports.diff_report import DiffReport
from reprocheck.reports.experiment_text import experiment_lines
from reprocheck.reports.terminal_text import painted, wrapped
from reprocheck.reports.visible import visible

WIDTH = 100
MOST_NAMES = 8
MOST_PARTS = 12
_FAULT = "31;1"
_COLORS = {"!": "31", "~": "33", "?": "36"}
_PART_TITLES = {
    "canary": "canaries",
    "relations": "relations",
    "trees": "order of additions",
    "arithmetic": "arithmetic",
}

Paragraph = Iterator[str]


def fault_lines(report: DiffReport) -> Paragraph:
    """Yield what no healthy machine does; it stands above everything else."""
    numeric = report.difference.numeric
    for fault in numeric.faults if numeric else ():
        side = {"both": "on both sides", "there": f"there ({report.difference.old})"}.get(
            fault.side, f"here ({report.difference.new})"
        )
        yield from _wrapped(f"{side}: {fault.text}", painted("fault ", _FAULT) if report.color else "fault ", "  ")


def numeric_paragraphs(report: DiffReport) -> Iterator[list[str]]:
    """Yield the paragraphs, some of them empty."""
    numeric = report.difference.numeric
    if numeric is None:
        return
    if numeric.rows:
        yield [*_head(report, numeric)]
        yield [*_table(numeric)]
    yield [*_causes(numeric)]
    yield [*_probes(numeric, color=report.color)]
    yield [*_worst(numeric)]
    for part, title in _PART_TITLES.items():
        yield [*_parts(title, [one for one in numeric.measured if one.part == part])]


def concise_lines(report: DiffReport) -> Paragraph:
    """Yield a line for every fault, probe, order of addition and cause."""
    numeric = report.difference.numeric
    if numeric is None:
        return
    for probe in numeric.probes:
        yield visible(f"{_sign(probe)} {probe.label}: {remark(probe) or _distance(probe)}")
    for one in numeric.measured:
        yield visible(f"{one.part}, {one.what}: there {one.old}; here {one.new}")
    yield from (visible(explanation.text) for explanation in numeric.explanations)
    if numeric.rows:
        yield counted(numeric)


def _distance(probe: ProbeDifference) -> str:
    distance = distance_text(probe)
    return f"{probe.kind}, {distance} rounding units apart" if distance else probe.kind


def _head(report: DiffReport, numeric: NumericDifference) -> Paragraph:
    yield from _wrapped(f"what they compute: {counted(numeric)}", "", "  ")
    if numeric.is_empty:
        return
    yield visible(f"  there: {report.difference.old}")
    yield visible(f"  here:  {report.difference.new}")


def _table(numeric: NumericDifference) -> Paragraph:
    rows = rows_to_read(numeric)
    shown = used_columns(rows)
    if rows:
        head = ["family", "dtype", "device", *(COLUMNS[index] for index in shown)]
        cells = [
            [visible(row.family), visible(row.dtype), visible(row.device)]
            + [str(row_cells(row)[index] or "-") for index in shown]
            for row in rows
        ]
        yield from _aligned([head, *cells])
    same = equal_rows(numeric)
    if rows and same:
        yield f"  ({same} other {'row is' if same == 1 else 'rows are'} equal)"
    for line in uncompared(numeric):
        yield from _wrapped(f"not compared: {line}", "  ", " " * 16)


def _aligned(table: Sequence[Sequence[str]]) -> Paragraph:
    """Yield the rows of a table, names to the left and counts to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            f"{cell:<{width}}" if index < 3 else f"{cell:>{width}}"
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()


def _causes(numeric: NumericDifference) -> Paragraph:
    for explanation in numeric.explanations:
        yield from _wrapped(explanation.text, "", "  ")
    if numeric.ruled_out and numeric.to_explain:
        yield from _wrapped(f"ruled out by the table: {', '.join(numeric.ruled_out)}", "", "  ")
    if numeric.unexplained:
        yield from _wrapped(f"unexplained: {len(numeric.left_open)} of them ({by_kind(numeric.left_open)})", "", "  ")
    yield from (visible(line) for line in experiment_lines(numeric.experiment))


def _probes(numeric: NumericDifference, *, color: bool) -> Paragraph:
    """Yield the differing operations, a row of the table each, with how far they are apart."""
    groups: dict[tuple[str, str], list[ProbeDifference]] = {}
    for probe in numeric.probes:
        if probe.kind not in ("unmeasured", "one-sided"):
            groups.setdefault((_sign(probe), family_label(probe)), []).append(probe)
    if groups:
        yield "how far apart, in rounding units of the dtype:"
    for (sign, label), probes in groups.items():
        shown = painted(sign, _COLORS[sign]) if color else sign
        yield from _wrapped(f"{label}: {_listed([_apart(probe) for probe in probes])}", f"{shown} ", "    ")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _apart(probe: ProbeDifference) -> str:
    """Return `sum-300k 0.31`, and of what does not repeat itself how often."""
    aside = f"({remark(probe)})" if remark(probe) else ""
    return " ".join(filter(None, (probe.operation, distance_text(probe), aside)))


def _worst(numeric: NumericDifference) -> Paragraph:
    """Yield the first values of the probe that is farthest apart, side by side."""
    probe = next((one for one in numeric.to_explain if one.old and one.new and one.old.first), None)
    if probe is None or probe.old is None or probe.new is None:
        return
    yield visible(f"first values of {probe.label}:")
    for side, one, values in (("there", probe.old, probe.old_values), ("here ", probe.new, probe.new_values)):
        decimals = values or ("",) * len(one.first)
        pairs = [f"{bits} {value}".rstrip() for bits, value in zip(one.first, decimals, strict=False)]
        yield from _wrapped("  ".join(pairs), f"  {side}  ", " " * 9)


def _parts(title: str, found: Sequence[SideBySide]) -> Paragraph:
    if not found:
        return
    yield f"{title}:"
    for one in found[:MOST_PARTS]:
        yield visible(f"  {one.what}")
        yield from _wrapped(one.old, "    there: ", " " * 11)
        yield from _wrapped(one.new, "    here:  ", " " * 11)
        for label, there, here in one.rows:
            yield from _wrapped(f"{label}: {there} there, {here} here", "    ", " " * 6)
    if len(found) > MOST_PARTS:
        yield f"  and {len(found) - MOST_PARTS} more; `--output-format json` has them"


def _sign(probe: ProbeDifference) -> str:
    return {"different": "!", "rounding": "~", "varying": "?"}.get(probe.kind, "+" if probe.old is None else "-")


def _wrapped(text: str, lead: str, rest: str) -> Iterator[str]:
    lines = wrapped(visible(text), WIDTH - len(rest))
    for index, line in enumerate(lines):
        yield f"{rest if index else lead}{line}"

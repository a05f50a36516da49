"""What two machines compute differently, for terminals: faults, counts, causes, the probes, then orders of addition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.numeric_differences import NumericDifference, ProbeDifference, SideBySide
from reprocheck.reports.diff_numeric_words import (
    COLUMNS,
    counted,
    distance_text,
    kind_remark,
    lone_device_text,
    lone_devices,
    row_cells,
    rows_to_read,
    used_columns,
)
from reprocheck.reports.diff_report import DiffReport
from reprocheck.reports.terminal_text import wrapped
from reprocheck.reports.visible import visible

WIDTH = 100
MOST_NAMES = 8
MOST_PARTS = 12
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
        yield from _wrapped(f"fault {side}: {fault.text}", "", "  ")


def numeric_paragraphs(report: DiffReport) -> Iterator[list[str]]:
    """Yield the paragraphs, some of them empty."""
    numeric = report.difference.numeric
    if numeric is None:
        return
    if numeric.rows:
        yield [*_head(report, numeric)]
        yield [*_table(numeric)]
    yield [*_causes(numeric)]
    yield [*_probes(numeric)]
    yield [*_worst(numeric)]
    for part, title in _PART_TITLES.items():
        yield [*_parts(title, [one for one in numeric.measured if one.part == part])]


def concise_lines(report: DiffReport) -> Paragraph:
    """Yield a line for every fault, probe, order of addition and cause."""
    numeric = report.difference.numeric
    if numeric is None:
        return
    for probe in numeric.probes:
        remark = kind_remark(probe) or f"{probe.kind}{_apart(probe)}"
        yield visible(f"{_sign(probe)} {probe.label}: {remark}")
    for one in numeric.measured:
        yield visible(f"{one.part}, {one.what}: there {one.old}; here {one.new}")
    yield from (visible(explanation.text) for explanation in numeric.explanations)
    if numeric.rows:
        yield counted(numeric)


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
    same = len(numeric.rows) - len(rows) - sum(row.device in lone_devices(numeric) for row in numeric.rows)
    if rows and same:
        yield f"  (in {same} other {'row' if same == 1 else 'rows'} of family and dtype nothing differs)"
    yield from (visible(f"  {lone_device_text(numeric, device)}") for device in lone_devices(numeric))


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
        yield from _wrapped(f"unexplained: {_listed(numeric.unexplained)}", "", "  ")


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - MOST_NAMES} more" if len(labels) > MOST_NAMES else ""
    return ", ".join(labels[:MOST_NAMES]) + more


def _probes(numeric: NumericDifference) -> Paragraph:
    """Yield the differing operations, a row of the table each, with how far they are apart."""
    lone = set(lone_devices(numeric))
    groups: dict[tuple[str, str], list[ProbeDifference]] = {}
    for probe in numeric.probes:
        if probe.device not in lone:
            where = "" if probe.device == "cpu" else f" on {probe.device}"
            groups.setdefault((_sign(probe), f"{probe.family} {probe.dtype}{where}"), []).append(probe)
    if any(probe.distance is not None for probes in groups.values() for probe in probes):
        yield "distances, in rounding units of the dtype:"
    for (sign, label), probes in groups.items():
        names = [f"{probe.operation} {_remark(probe)}".rstrip() for probe in probes]
        yield from _wrapped(f"{label}: {_listed(names)}", f"{sign} ", "    ")


def _remark(probe: ProbeDifference) -> str:
    remark = kind_remark(probe)
    distance = distance_text(probe)
    return f"{distance} ({remark})".strip() if remark else distance


def _apart(probe: ProbeDifference) -> str:
    distance = distance_text(probe)
    return f", {distance} rounding units apart" if distance else ""


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
        yield from _wrapped(f"there: {one.old}", "    ", " " * 11)
        yield from _wrapped(f"here:  {one.new}", "    ", " " * 11)
        yield from (f"      {visible(line)}" for line in one.lines)
    if len(found) > MOST_PARTS:
        yield f"  and {len(found) - MOST_PARTS} more; `--output-format json` has them"


def _sign(probe: ProbeDifference) -> str:
    return {"different": "!", "rounding": "~", "varying": "?"}.get(probe.kind, "+" if probe.old is None else "-")


def _wrapped(text: str, lead: str, rest: str) -> Iterator[str]:
    lines = wrapped(visible(text), WIDTH - len(rest))
    for index, line in enumerate(lines):
        yield f"{rest if index else lead}{line}"

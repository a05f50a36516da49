"""What the formats of `diff` say alike of two machines' numbers: counts, distances and names."""

from __future__ import annotations

import math
from collections.abc import Iterable

from reprocheck.model.numeric_differences import FamilyRow, NumericDifference, ProbeChange, ProbeDifference

KIND_WORDS: dict[ProbeChange, str] = {
    "different": "different",
    "rounding": "equal up to rounding",
    "varying": "not the same from run to run",
    "unmeasured": "not measured on a side",
    "one-sided": "only on one side",
}
COLUMNS = ("equal", "rounding", "different", "varying", "not measured", "only there", "only here")


def counted(numeric: NumericDifference) -> str:
    """Return `214 of 246 probes equal, 30 equal up to rounding, 2 different`."""
    total = sum(map(_size, numeric.rows))
    lacking = sum(row.unmeasured for row in numeric.rows) - numeric.count("unmeasured")
    told = [f"{sum(row.equal for row in numeric.rows)} of {total} probes equal"]
    told += [f"{count} {word}" for kind, word in KIND_WORDS.items() if (count := numeric.count(kind))]
    return ", ".join(told + ([f"{lacking} not measured on both sides"] if lacking else []))


def rows_to_read(numeric: NumericDifference) -> tuple[FamilyRow, ...]:
    """Return the rows in which anything differs; a device that only one side has is one line elsewhere."""
    lone = set(lone_devices(numeric))
    unlike = {(probe.family, probe.dtype, probe.device) for probe in numeric.probes}
    return tuple(
        row
        for row in numeric.rows
        if row.device not in lone and (not row.is_equal or (row.family, row.dtype, row.device) in unlike)
    )


def lone_devices(numeric: NumericDifference) -> tuple[str, ...]:
    """Return the devices that only one side measured anything on."""
    devices = dict.fromkeys(row.device for row in numeric.rows)
    shared = {row.device for row in numeric.rows if row.compared or row.unmeasured}
    return tuple(device for device in devices if device not in shared)


def lone_device_text(numeric: NumericDifference, device: str) -> str:
    """Return `cuda: 103 probes only there, the other side has no such device`."""
    rows = [row for row in numeric.rows if row.device == device]
    there, here = sum(row.only_old for row in rows), sum(row.only_new for row in rows)
    return f"{device}: {there or here} probes only {'there' if there else 'here'}, not compared"


def row_cells(row: FamilyRow) -> tuple[int, ...]:
    """Return the counts in the order of `COLUMNS`."""
    return row.equal, row.rounding, row.different, row.varying, row.unmeasured, row.only_old, row.only_new


def used_columns(rows: Iterable[FamilyRow]) -> tuple[int, ...]:
    """Return which of `COLUMNS` to show: the first three always, the others where they count anything."""
    cells = [row_cells(row) for row in rows]
    return tuple(index for index in range(len(COLUMNS)) if index < 3 or any(row[index] for row in cells))


def distance_text(probe: ProbeDifference) -> str:
    """Return how far both sides are apart, `0.31` or `8.2e+04` rounding units; "" where that is not known."""
    if probe.distance is None:
        return ""
    if not math.isfinite(probe.distance):
        return "without bound"
    return "<0.01" if probe.distance < 0.01 else f"{probe.distance:.2g}"


def kind_remark(probe: ProbeDifference) -> str:
    """Return what is to be said of a probe whose bits cannot be compared."""
    if probe.kind == "one-sided":
        return "only there" if probe.new is None else "only here"
    if probe.kind == "unmeasured" and probe.old and probe.new:
        return f"there {probe.old.status or 'measured'}, here {probe.new.status or 'measured'}"
    sides = ((side, one) for side, one in (("there", probe.old), ("here", probe.new)) if one and one.differing)
    return ", ".join(f"{one.differing} of {one.repeats} runs {side} gave other bits" for side, one in sides)


def _size(row: FamilyRow) -> int:
    return row.compared + row.unmeasured + row.only_old + row.only_new

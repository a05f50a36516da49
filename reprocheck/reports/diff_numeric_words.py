"""What the formats of `diff` say alike of two machines' numbers: counts, distances and names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from reprocheck.model.numeric_differences import FamilyRow, NumericDifference, ProbeChange, ProbeDifference

KIND_WORDS: dict[ProbeChange, str] = {
    "different": "different",
    "rounding": "equal up to rounding",
    "varying": "not the same from run to run",
    "unmeasured": "not measured on a side",
    "one-sided": "only on one side",
}
MOST_KINDS = 8
COLUMNS = ("equal", "rounding", "different", "varying")


def counted(numeric: NumericDifference) -> str:
    """Return `214 of 246 probes equal, 30 equal up to rounding, 2 different`."""
    total = sum(map(_size, numeric.rows))
    lacking = sum(row.unmeasured for row in numeric.rows) - numeric.count("unmeasured")
    told = [f"{sum(row.equal for row in numeric.rows)} of {total} probes equal"]
    told += [f"{count} {word}" for kind, word in KIND_WORDS.items() if (count := numeric.count(kind))]
    return ", ".join(told + ([f"{lacking} not measured on both sides"] if lacking else []))


def rows_to_read(numeric: NumericDifference) -> tuple[FamilyRow, ...]:
    """Return the rows in which a probe that both sides measured has other bits."""
    return tuple(row for row in numeric.rows if row.compared != row.equal)


def equal_rows(numeric: NumericDifference) -> int:
    """Return how many rows were compared and are equal."""
    return sum(1 for row in numeric.rows if row.compared and row.compared == row.equal)


def row_cells(row: FamilyRow) -> tuple[int, ...]:
    """Return the counts in the order of `COLUMNS`."""
    return row.equal, row.rounding, row.different, row.varying


def used_columns(rows: Iterable[FamilyRow]) -> tuple[int, ...]:
    """Return which of `COLUMNS` to show: the first three always, the last where it counts anything."""
    return (0, 1, 2, 3) if any(row.varying for row in rows) else (0, 1, 2)


def uncompared(numeric: NumericDifference) -> Iterator[str]:
    """Yield a line for each way in which probes could not be compared: `83 probes, only there (unary fp64 16, …)`."""
    groups: dict[str, list[ProbeDifference]] = {}
    for probe in numeric.probes:
        if probe.kind in ("unmeasured", "one-sided"):
            groups.setdefault(uncompared_word(probe), []).append(probe)
    for word, probes in groups.items():
        yield f"{'1 probe' if len(probes) == 1 else f'{len(probes)} probes'}, {word} ({by_kind(probes)})"


def uncompared_word(probe: ProbeDifference) -> str:
    """Return why a probe could not be compared: `only there`, or `unsupported here`."""
    if probe.old is None or probe.new is None:
        return "only there" if probe.new is None else "only here"
    sides = ((probe.old, "there"), (probe.new, "here"))
    return ", ".join(f"{one.status} {side}" for one, side in sides if one.status)


def by_kind(probes: Iterable[ProbeDifference], most: int = MOST_KINDS) -> str:
    """Return how many probes there are of each family, dtype and device, the most first: `unary fp64 16, …`."""
    counts = Counter(family_label(probe) for probe in probes)
    told = [f"{label} {count}" for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return ", ".join(told[:most] + ([f"{len(told) - most} more"] if len(told) > most else []))


def family_label(probe: ProbeDifference) -> str:
    """Return `matmul fp32`, with the device where that is not the CPU."""
    return f"{probe.family} {probe.dtype}" + ("" if probe.device == "cpu" else f" on {probe.device}")


def distance_text(probe: ProbeDifference) -> str:
    """Return how far both sides are apart, `0.31` or `8.2e+04` rounding units; "" where that is not known."""
    if probe.distance is None:
        return ""
    if not math.isfinite(probe.distance):
        return "without bound"
    return "<0.01" if probe.distance < 0.01 else f"{probe.distance:.2g}"


def remark(probe: ProbeDifference) -> str:
    """Return what is to be said of a probe whose bits cannot be compared, "" of any other."""
    if probe.kind in ("unmeasured", "one-sided"):
        return uncompared_word(probe)
    sides = ((side, one) for side, one in (("there", probe.old), ("here", probe.new)) if one and one.differing)
    return ", ".join(f"{one.differing} of {one.repeats} runs {side} gave other bits" for side, one in sides)


def _size(row: FamilyRow) -> int:
    return row.compared + row.unmeasured + row.only_old + row.only_new

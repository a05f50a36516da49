"""Measure which operations give other bits under which switches, and hold it against the table of another processor.

    python -m tests.operation_by_switch [PYTHON]

Prints operation x dtype x switch as markdown: `=` bit-equal, a number where it differs by rounding (in rounding units
of the scale of the operation, the worst probe), `different` where by more, `varies` where it does not repeat itself.
Then every cell that another processor had otherwise (`operation_by_switch.txt`), each with its explanation; exit code 1
if one has none. Not collected by pytest; two minutes on two cores. `operation_by_switch_facts.py` makes rows for the
table of facts from the same measurement.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event

from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.probe_comparison import compare_probes
from reprocheck.numerics.switch_settings import Setting
from reprocheck.numerics.switched_probes import Bench, Key, Switched, Together, probe_under
from tests.operation_by_switch_reasons import gather, reason_for

BASE = Setting("threads", 1)
COLUMNS: Mapping[str, tuple[Setting, ...]] = {
    "t2": (Setting("threads", 2),),
    "t4": (Setting("threads", 4),),
    "aten-avx2": (BASE, Setting("aten-cpu-capability", "avx2")),
    "aten-default": (BASE, Setting("aten-cpu-capability", "default")),
    "cbwr-avx2": (BASE, Setting("mkl-cbwr", "AVX2")),
    "cbwr-compatible": (BASE, Setting("mkl-cbwr", "COMPATIBLE")),
    "cbwr-strict": (BASE, Setting("mkl-cbwr", "AVX512,STRICT")),
    "cbwr-auto": (BASE, Setting("mkl-cbwr", "AUTO")),
    "mkl-sse42": (BASE, Setting("mkl-enable-instructions", "SSE4_2")),
    "mkl-avx2": (BASE, Setting("mkl-enable-instructions", "AVX2")),
    "dnn-avx2": (BASE, Setting("onednn-max-cpu-isa", "AVX2")),
    "dnn-avx512": (BASE, Setting("onednn-max-cpu-isa", "AVX512_CORE")),
    "mkldnn-off": (BASE, Setting("mkldnn-enabled", False)),
    "fpmath-bf16": (BASE, Setting("onednn-fpmath", "BF16")),
    "medium": (BASE, Setting("float32-matmul-precision", "medium")),
    "flush": (BASE, Setting("flush-denormal", True)),
    "deterministic": (BASE, Setting("deterministic-algorithms", True)),
}
DTYPES = ("fp64", "fp32", "bf16", "fp16", "int64")
NOT_THERE = ("cbwr-auto", "mkl-sse42", "mkl-avx2")  # measured here only
TABLE = Path(__file__).with_suffix(".txt")


@dataclass(frozen=True)
class Cell:
    """The probes of one group and dtype under one switch: how many there are, how many changed, the worst distance."""

    probes: int
    changed: tuple[Key, ...]
    worst: float
    kinds: frozenset[str]

    def __str__(self) -> str:
        if not self.changed:
            return "="
        if "different" in self.kinds:
            return "different"
        return f"{self.worst:.2g}" if "rounding" in self.kinds else "varies"


@dataclass(frozen=True)
class Group:
    """Operations that were measured together elsewhere: per dtype the columns that changed, and those not measured."""

    name: str
    patterns: tuple[str, ...]
    changed: Mapping[str, frozenset[str]]
    unknown: Mapping[str, frozenset[str]]

    def covers(self, probe: Probe) -> bool:
        return any(fnmatchcase(f"{probe.family}/{probe.operation}", pattern) for pattern in self.patterns)


def read_groups(text: str) -> tuple[Group, ...]:
    """Return the groups of the table of another processor."""
    groups: list[tuple[str, str, dict[str, list[str]]]] = []
    for line in text.splitlines():
        head, _, rest = line.partition(":")
        if line.startswith("  "):
            groups[-1][2][head.strip()] = rest.split()
        elif line and not line.startswith("#"):
            groups.append((head, rest, {}))
    return tuple(
        Group(
            name=name,
            patterns=tuple(patterns.split()),
            changed={dtype: frozenset(c for c in cells if c[0] != "?") for dtype, cells in rows.items()},
            unknown={dtype: frozenset(c[1:] for c in cells if c[0] == "?") for dtype, cells in rows.items()},
        )
        for name, patterns, rows in groups
    )


def measure(python: Path, columns: Sequence[str], only: Sequence[str] = ()) -> tuple[Switched, dict[str, Switched]]:
    """Return the probes with one thread and no switch, and under each column."""
    bench = Bench(python=python, only=tuple(only), repeats=2)
    settings = [(BASE,), *(COLUMNS[column] for column in columns)]
    together: Together[tuple[Setting, ...], Switched] = Together(lambda chosen: probe_under(bench, chosen), Event())
    base, *others = together.results(settings)
    return base, dict(zip(columns, others, strict=True))


def cell(probes: Sequence[Probe], base: Switched, under: Switched) -> Cell:
    """Return what happened to some probes under a column; one that raises there, and only there, has changed."""
    pairs = [(base.probes[probe.key], under.probes[probe.key]) for probe in probes if probe.key in under.probes]
    _, found = compare_probes([was for was, _ in pairs], [now for _, now in pairs])
    changed = [one for one in found if one.kind != "unmeasured" or (one.old and not one.old.status)]
    distances = [one.distance for one in changed if one.distance is not None]
    return Cell(
        probes=len(pairs),
        changed=tuple((one.name, one.device) for one in changed),
        worst=max(distances, default=0.0),
        kinds=frozenset(one.kind for one in changed),
    )


def rows_of(groups: Sequence[Group], base: Switched) -> Iterator[tuple[Group, str, list[Probe]]]:
    """Yield the rows of the table: a group, a dtype, and its probes; what belongs to no group comes by its family."""
    measured = [probe for probe in base.probes.values() if probe.digest]
    grouped = [probe for probe in measured if any(group.covers(probe) for group in groups)]
    rest = sorted({probe.family for probe in measured if probe not in grouped})
    others = [Group(f"other {family}", (f"{family}/*",), {}, {}) for family in rest]
    for group in (*groups, *others):
        pool = measured if group in groups else [probe for probe in measured if probe not in grouped]
        for dtype in DTYPES:
            probes = [probe for probe in pool if probe.dtype == dtype and group.covers(probe)]
            if probes:
                yield group, dtype, probes


def markdown(table: Mapping[tuple[str, str], Mapping[str, Cell]], columns: Sequence[str]) -> Iterator[str]:
    """Yield the table."""
    yield f"| operations | dtype | probes | {' | '.join(columns)} |"
    yield f"|---|---|---|{'---|' * len(columns)}"
    for (name, dtype), cells in table.items():
        count = max(one.probes for one in cells.values())
        yield f"| {name} | {dtype} | {count} | {' | '.join(str(cells[column]) for column in columns)} |"


def disagreements(
    groups: Sequence[Group], table: Mapping[tuple[str, str], Mapping[str, Cell]]
) -> Iterator[tuple[Group, str, str, bool]]:
    """Yield group, dtype, column and whether it changed here, where the other processor had it otherwise."""
    for group in groups:
        for dtype, there in group.changed.items():
            for column, found in table.get((group.name, dtype), {}).items():
                if column in group.unknown[dtype] or column in NOT_THERE:
                    continue
                if bool(found.changed) != (column in there):
                    yield group, dtype, column, bool(found.changed)


def report(python: Path) -> int:
    """Print the table and what disagrees, with the reasons; return how many disagreements have none."""
    columns = [*COLUMNS]
    groups = read_groups(TABLE.read_text(encoding="utf-8"))
    base, under = measure(python, columns)
    table = {
        (group.name, dtype): {column: cell(probes, base, under[column]) for column in columns}
        for group, dtype, probes in rows_of(groups, base)
    }
    print(*markdown(table, columns), sep="\n", end="\n\n")
    print(*(f"{column}: {run.fault}" for column, run in under.items() if run.fault), sep="\n")
    found = [*disagreements(groups, table)]
    evidence = gather(python, {"base": base, **under})
    reasons: dict[str, list[str]] = {}
    for group, dtype, column, changed in found:
        reason = reason_for(group.name, dtype, column, changed, evidence) or "NOT EXPLAINED"
        reasons.setdefault(reason, []).append(f"{group.name} {dtype} {column} ({'changed' if changed else '='} here)")
    compared = sum(len(set(cells) - {*NOT_THERE}) for cells in table.values())
    print(f"{compared} cells, {len(found)} unlike those of the other processor:\n")
    for reason, cells in reasons.items():
        print(f"* {reason}: {len(cells)}\n    " + "\n    ".join(cells))
    return len(reasons.get("NOT EXPLAINED", ()))


if __name__ == "__main__":
    sys.exit(1 if report(Path(*sys.argv[1:2] or [sys.executable])) else 0)

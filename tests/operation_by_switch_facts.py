"""Print the rows of `facts/tables/switch_effects.yaml`: this processor's measurement and the other one's, put together.

    python -m tests.operation_by_switch_facts [PYTHON]

What both gave alike is of high confidence, what one gave of medium, what they disagree on of low. What changes has
rows; one more for each switch says that nothing else does. Not collected by pytest: it measures this machine, two
minutes on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.switched_probes import Switched
from tests.operation_by_switch import COLUMNS, NOT_THERE, TABLE, Group, cell, measure, read_groups

# A switch with two values, and one whose every value counts, stand for themselves.
ANY_VALUE = ("threads", "mkldnn-enabled", "flush-denormal", "deterministic-algorithms")


class Known(NamedTuple):
    """What is known of a probe under one setting of a switch."""

    switch: str
    setting: str
    changes: bool
    confidence: str
    source: str
    note: str


def fact_rows(python: Path) -> Iterator[str]:
    """Measure, and yield the rows of the table."""
    base, under = measure(python, [*COLUMNS])
    groups = read_groups(TABLE.read_text(encoding="utf-8"))
    measured = [probe for probe in base.probes.values() if probe.digest and probe.family != "all-reduce"]
    effects = {probe: [*_known(probe, base, under, groups)] for probe in measured}
    found: dict[tuple[Known, tuple[str, ...]], list[Probe]] = {}
    for probe, known in effects.items():
        settings: dict[Known, list[str]] = {}
        for one in known:
            settings.setdefault(one._replace(setting=""), []).append(one.setting)
        for one, named in settings.items():
            if not one.changes:
                continue
            found.setdefault((one, tuple(named)), []).append(probe)
    order = list(dict.fromkeys(column[-1].switch for column in COLUMNS.values()))
    for (one, values), probes in sorted(found.items(), key=lambda item: (order.index(item[0][0].switch), item[0][0])):
        for families, operations, dtypes in _compressed(probes, measured):
            yield _row(one, values, families, operations, dtypes)
    all_families = sorted({probe.family for probe in measured})
    for switch in order:
        tried = [_setting(*settings[-1]) for settings in COLUMNS.values() if settings[-1].switch == switch]
        rest = Known(switch, "", False, "medium", "[amd]", "whatever no other row of the switch names")
        yield _row(rest, list(dict.fromkeys(tried)), all_families, ["*"], ["*"])


def _known(probe: Probe, base: Switched, under: Mapping[str, Switched], groups: Sequence[Group]) -> Iterator[Known]:
    """Yield what is known of a probe; the columns of a switch whose every value counts are put together."""
    group = next((group for group in groups if group.covers(probe)), None)
    seen: dict[tuple[str, str], list[tuple[bool, bool | None]]] = {}
    for column, settings in COLUMNS.items():
        switch, value = settings[-1]
        setting = _setting(switch, value)
        here = bool(cell([probe], base, under[column]).changed)
        seen.setdefault((switch, setting), []).append((here, _there(group, probe.dtype, column)))
    for (switch, setting), pairs in seen.items():
        here = any(one for one, _ in pairs)
        others = [other for _, other in pairs if other is not None]
        yield _judged(switch, setting, here, any(others) if others else None)


def _setting(switch: str, value: object) -> str:
    return "*" if switch in ANY_VALUE else str(value)


def _there(group: Group | None, dtype: str, column: str) -> bool | None:
    if group is None or dtype not in group.changed or column in NOT_THERE or column in group.unknown[dtype]:
        return None
    return column in group.changed[dtype]


def _judged(switch: str, setting: str, here: bool, there: bool | None) -> Known:
    if there is None:
        return Known(switch, setting, here, "medium", "[amd]", "")
    if here == there:
        return Known(switch, setting, here, "high", "[intel, amd]", "")
    note = "on the AMD processor only" if here else "on the Intel processor only, or in operations like it"
    return Known(switch, setting, True, "low", "[intel, amd]", note)


def _compressed(probes: Iterable[Probe], measured: Sequence[Probe]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Yield families, operations and dtypes that cover the probes; `*` where all of a family, or of a dtype, do."""
    chosen, everything = _by_dtype(probes), _by_dtype(measured)
    merged: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for family, dtypes in chosen.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for dtype, operations in dtypes.items():
            whole = operations == everything[family][dtype]
            alike.setdefault(("*",) if whole else tuple(operations), []).append(dtype)
        for operations_of, names in alike.items():
            is_all = operations_of == ("*",) and len(names) == len(everything[family])
            merged.setdefault((operations_of, ("*",) if is_all else tuple(names)), []).append(family)
    for (operations_of, names_of), families in merged.items():
        yield families, list(operations_of), list(names_of)


def _by_dtype(probes: Iterable[Probe]) -> dict[str, dict[str, list[str]]]:
    """Return family -> dtype -> operations."""
    found: dict[str, dict[str, list[str]]] = {}
    for probe in probes:
        found.setdefault(probe.family, {}).setdefault(probe.dtype, []).append(probe.operation)
    return found


def _row(
    one: Known, values: Sequence[str], families: Sequence[str], operations: Sequence[str], dtypes: Sequence[str]
) -> str:
    note = f", note: '{one.note}'" if one.note else ""
    lists = ", ".join(
        f"{key}: [{', '.join(map(_quoted, items))}]"
        for key, items in (("settings", values), ("families", families), ("operations", operations), ("dtypes", dtypes))
    )
    changes = "'yes'" if one.changes else "'no'"
    return (
        f"- {{switch: {one.switch}, {lists}, changes: {changes}, "
        f"source: {one.source}, confidence: {one.confidence}{note}}}"
    )


def _quoted(item: str) -> str:
    return f"'{item}'" if not item[0].isalpha() or "," in item else item


if __name__ == "__main__":
    print(*fact_rows(Path(*sys.argv[1:2] or [sys.executable])), sep="\n")

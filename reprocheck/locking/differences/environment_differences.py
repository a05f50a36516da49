"""What two environment files declare differently: names, constraints, channels, platforms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

from reprocheck.model.differences import Change, Difference, HeadDifference, PackageDifference
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locks import Manager

_Declared: TypeAlias = "dict[tuple[Manager, str], str]"


def environment_differences(old: EnvironmentFile, new: EnvironmentFile) -> Difference:
    """Return what was declared in `old` and is not, or otherwise, in `new`."""
    before, after = _declared(old), _declared(new)
    packages = [
        _difference(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=lambda key: (key[1], key[0]))
        if before.get(key) != after.get(key)
    ]
    return Difference(
        compared="environments", old=old.path, new=new.path, head=tuple(_head(old, new)), packages=tuple(packages)
    )


def _difference(key: tuple[Manager, str], was: str | None, now: str | None) -> PackageDifference:
    change: Change = "added" if was is None else "removed" if now is None else "changed"
    return PackageDifference(change=change, manager=key[0], name=key[1], old=was, new=now)


def _head(old: EnvironmentFile, new: EnvironmentFile) -> Iterator[HeadDifference]:
    sides = (
        ("name", old.name or "", new.name or ""),
        ("channels", *(", ".join(channel.name for channel in one.channels) for one in (old, new))),
        ("platforms", *(", ".join(platform.name for platform in one.platforms) for one in (old, new))),
    )
    for what, was, now in sides:
        if was != now:
            yield HeadDifference(what=what, old=was or None, new=now or None)


def _declared(environment: EnvironmentFile) -> _Declared:
    """Return what is asked of every name; several lines of one name are joined."""
    lines: defaultdict[tuple[Manager, str], list[str]] = defaultdict(list)
    for spec in environment.conda:
        lines["conda", spec.name].append(_conda_constraint(spec))
    for requirement in environment.pip:
        lines["pip", requirement.name or requirement.text].append(_pip_constraint(requirement))
    return {key: "; ".join(constraints) for key, constraints in lines.items()}


def _conda_constraint(spec: CondaSpec) -> str:
    parts = (spec.version, spec.build, f"from {spec.channel}" if spec.channel else None, _selected(spec.selector))
    return " ".join(part for part in parts if part)


def _pip_constraint(requirement: PipRequirement) -> str:
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f"if {requirement.marker}" if requirement.marker else ""
    parts = (extras, requirement.specifier, marker, _selected(requirement.selector))
    return " ".join(part for part in parts if part)


def _selected(selector: str | None) -> str:
    return f"on {selector}" if selector else ""

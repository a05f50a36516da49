"""Distributions of one environment that install the same module: what both sides ask for, or what a lock holds.

conda's packages among themselves are left out, since the solver keeps two packages with the same files apart. So is
a conda package beside a wheel of the same project, which is an overlap and told as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from reprocheck.facts.import_collisions import Collision, collision_of
from reprocheck.facts.name_map import NameMap
from reprocheck.model.conda_versions import read_version
from reprocheck.model.findings import Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts

_SEVERITIES = {severity.value: severity for severity in Severity}


class Member(NamedTuple):
    """A package that installs a module: its project on PyPI, its name, and its version where that is known."""

    distribution: str
    manager: str
    name: str
    version: str | None


def shared_modules(
    packages: Iterable[tuple[str, str, str | None]], names: NameMap
) -> Iterator[tuple[Collision, tuple[Member, ...]]]:
    """Yield each module that several distributions install, with them; `packages` are (manager, name, version)."""
    found: dict[str, tuple[Collision, list[Member]]] = {}
    for manager, name, version in packages:
        for project in names.pypi_names(name) if manager == "conda" else (name,):
            group = collision_of(project)
            if group and not _is_clean(group, project, version):
                found.setdefault(group.module, (group, []))[1].append(Member(project, manager, name, version))
                break
    for group, members in found.values():
        kept = _without_overlaps(members, names) if len(members) > 1 else []
        if len({member.distribution for member in kept}) > 1:
            yield group, tuple(sorted(kept, key=lambda member: group.distributions.index(member.distribution)))


def locked_modules(facts: Facts, lock: Lock) -> Iterator[tuple[Collision, list[tuple[LockedPackage, ...]]]]:
    """Yield each module that several locked distributions install, with these for each platform that has the same."""
    found: dict[tuple[object, ...], tuple[Collision, list[tuple[LockedPackage, ...]]]] = {}
    for platform in platforms_in(facts):
        told = ((item.manager, _key(item), item.version) for item in lock.on(platform))
        for group, members in shared_modules(told, facts.names):
            packages = tuple(_package(lock, platform, member) for member in members)
            found.setdefault((group.module, members), (group, []))[1].append(packages)
    yield from found.values()


def _key(package: LockedPackage) -> str:
    return normalise_name(package.name) if package.manager == "pip" else package.name


def _package(lock: Lock, platform: str, member: Member) -> LockedPackage:
    return next(item for item in lock.on(platform) if (item.manager, _key(item)) == (member.manager, member.name))


def severity_of(group: Collision) -> Severity:
    """Return how bad it is that a module is installed several times."""
    return _SEVERITIES[group.severity]


def both(members: Sequence[object]) -> str:
    """Return the word for all of them."""
    return "both" if len(members) == 2 else "all"


def quoted(members: Sequence[Member]) -> str:
    """Return the names of members with their managers, for a sentence."""
    names = [f"`{member.name}` ({member.manager})" for member in members]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _is_clean(group: Collision, project: str, version: str | None) -> bool:
    """Say whether a distribution holds the module no more; where the version is not known, it may be so."""
    if group.clean_from is None or group.clean_from[0] != project:
        return False
    have, clean = read_version(version or ""), read_version(group.clean_from[1])
    return have is None or clean is None or have.compare(clean) >= 0


def _without_overlaps(members: list[Member], names: NameMap) -> list[Member]:
    """Return the wheels, and at most one conda package that none of them is an overlap with."""
    wheels = list({member.distribution: member for member in members if member.manager == "pip"}.values())
    conda = [
        member
        for member in members
        if member.manager == "conda" and not {wheel.name for wheel in wheels} & set(names.pypi_names(member.name))
    ]
    return [*wheels, *conda[:1]] if wheels else []

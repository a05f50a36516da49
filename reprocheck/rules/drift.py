"""How an installed environment differs from its lock, package by package, conda's part and pip's apart.

Names are compared as their managers do. What one manager installed in the place of the other is there; that pip has
replaced a package of conda is RC604's matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, get_args

from reprocheck.model.locks import Lock, LockedPackage, Manager
from reprocheck.model.prefixes import CondaRecord, Fault, Package, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.direct_origins import is_unpinned
from reprocheck.rules.facts import Facts
from reprocheck.rules.installed import left_behind, projects_of, taken_over
from reprocheck.rules.locked_overlaps import conda_installers
from reprocheck.rules.package_drift import Drift, DriftKind, of_distribution, of_record, of_the_other

Key = tuple[Manager, str]

# What `python -m venv` and virtualenv put into every environment; the last is a fault of old Debian's.
_SEEDS: Final = frozenset({"pip", "setuptools", "wheel", "pkg-resources"})
_NEAREST_FIRST: Final[tuple[DriftKind, ...]] = get_args(DriftKind)
_MAIN: Final = "main"
_NOT_INSTALLED: Final = Drift("missing", None, None)  # of a group nobody asked for, or let in from another Python


class Comparison(NamedTuple):
    """The differences, and how many packages of the lock were compared: all but groups that nobody installed."""

    drifts: tuple[Drift, ...]
    compared: int


def compare(facts: Facts, lock: Lock, prefix: Prefix) -> Comparison:
    """Return how the environment differs from the part of the lock that is for its platform."""
    there, wanted = _There(facts, prefix), locked_by_name(lock, prefix.platform)
    found = [there.compare(key, items) for key, items in wanted.items()]
    extra = (*_extra_records(there, wanted), *_extra_distributions(there, wanted, lock))
    known = [drift for drift in found if drift is not _NOT_INSTALLED]
    return Comparison((*(drift for drift in known if drift), *extra), len(known))


def locked_by_name(lock: Lock, platform: str) -> dict[Key, list[LockedPackage]]:
    """Return the packages of a platform by manager and name; conda-lock has an entry for each group that needs one."""
    found: dict[Key, list[LockedPackage]] = {}
    for item in lock.on(platform):
        found.setdefault((item.manager, _plain(item.manager, item.name)), []).append(item)
    return found


def _plain(manager: Manager, name: str) -> str:
    return name.lower() if manager == "conda" else normalise_name(name)


class _There:
    """What is installed, by name: of two records of one name the one that the files meet, the other is RC608's."""

    def __init__(self, facts: Facts, prefix: Prefix) -> None:
        stale = left_behind(facts)
        self.facts, self.prefix = facts, prefix
        self.replaced = taken_over(facts)
        self.records = {item.name.lower(): item for item in prefix.conda if item.record not in stale}
        self.distributions = {item.name: item for item in prefix.installed_by_pip if item.record not in stale}
        self.by_project: dict[str, CondaRecord] = {}
        for record in sorted(self.records.values(), key=lambda record: record.record):
            self.by_project.update(dict.fromkeys(self.projects(record), record))
        self.unreadable = frozenset(filter(None, map(_named_by, prefix.faults)))

    def projects(self, record: CondaRecord) -> tuple[str, ...]:
        """Return the Python projects that a conda package brings, as its files and as the table tell it."""
        return (*projects_of(record), *self.facts.names.pypi_names(record.name))

    def compare(self, key: Key, items: Sequence[LockedPackage]) -> Drift | None:
        """Return how what is installed of a name differs from the entry of the lock that is nearest to it."""
        if self._is_replaced(key):
            return None
        drifts = [self._drift(key, item) for item in items]
        return None if None in drifts else min(filter(None, drifts), key=_distance)

    def _is_replaced(self, key: Key) -> bool:
        manager, name = key
        return manager == "conda" and name in self.records and self.records[name].record in self.replaced

    def _drift(self, key: Key, locked: LockedPackage) -> Drift | None:
        manager, name = key
        if manager == "conda" and name in self.records:
            return of_record(locked, self.records[name])
        if manager == "pip" and name in self.distributions:
            return of_distribution(locked, self.distributions[name])
        other = self._in_its_place(key)
        if other is not None:
            return of_the_other(locked, other)
        if key in self.unreadable:
            return None
        is_missed = locked.category == _MAIN and self.prefix.is_alone
        return Drift("missing", locked, None) if is_missed else _NOT_INSTALLED

    def _in_its_place(self, key: Key) -> Package | None:
        """Return what the other manager installed of the same project."""
        manager, name = key
        if manager == "pip":
            return self.by_project.get(name)
        projects = self.facts.names.pypi_names(name)
        return next((self.distributions[project] for project in projects if project in self.distributions), None)


def _distance(drift: Drift) -> tuple[int, bool]:
    return _NEAREST_FIRST.index(drift.kind), drift is _NOT_INSTALLED


def _named_by(fault: Fault) -> Key | None:
    """Return which package a record is about that cannot be read: it is there, in whatever version."""
    parts = fault.path.split("/")
    if parts[0] == "conda-meta":
        return "conda", parts[-1].rsplit("-", 2)[0].lower()
    info = next((part for part in parts if part.endswith((".dist-info", ".egg-info"))), "")
    return ("pip", normalise_name(info.split("-")[0])) if info else None


def _extra_records(there: _There, wanted: Mapping[Key, object]) -> Iterator[Drift]:
    for name, record in there.records.items():
        by_pip = any(("pip", project) in wanted for project in there.projects(record))
        if ("conda", name) not in wanted and record.record not in there.replaced and not by_pip:
            yield Drift("extra", None, record)


def _extra_distributions(there: _There, wanted: Mapping[Key, object], lock: Lock) -> Iterator[Drift]:
    """Yield what pip installed beside the lock; what nobody can fetch again is RC606's matter."""
    installers = conda_installers(there.facts, lock, there.prefix.platform)
    told = {item.name for item in there.replaced.values()}
    seeds = _SEEDS if there.prefix.kind == "venv" else frozenset()
    for name, item in there.distributions.items():
        is_meant = ("pip", name) in wanted or name in installers or name in told or name in seeds
        if not is_meant and not is_unpinned(there.facts, item):
            yield Drift("extra", None, item)

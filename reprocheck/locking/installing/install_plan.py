"""What has to go and what has to come so that a prefix is exactly a lock: decided here, done elsewhere.

Whatever is not as it should be is taken away whole and put there anew; nothing is patched. rattler's own
reinstallation is not used: with two packages that own one path it leaves neither there (tried on 0.28.0), while what
it links anew always comes out as in a fresh prefix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reprocheck.locking.installing.pip_changes import PipChanges, PipState
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import CondaRecord, Distribution, Inspection, OwnedFile, Package, Prefix
from reprocheck.model.project_names import normalise_name

_METADATA = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a prefix should hold; `plain` are addresses of conda packages without secrets, by those of the lock."""

    conda: tuple[LockedPackage, ...]
    pip: tuple[LockedPackage, ...]
    plain: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """Conda records to take away, packages to link, distributions to remove, pip packages that are not there.

    `unreadable` are records that nobody can read.
    """

    unlink: tuple[CondaRecord, ...]
    link: tuple[LockedPackage, ...]
    doomed: tuple[Distribution, ...]
    pip: tuple[LockedPackage, ...]
    unreadable: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Say whether the prefix is what it should be."""
        return not (self.unlink or self.link or self.doomed or self.pip or self.unreadable)


def first_plan(wanted: Wanted) -> InstallPlan:
    """Return the plan for a prefix that holds nothing."""
    return InstallPlan(unlink=(), link=wanted.conda, doomed=(), pip=wanted.pip, unreadable=())


def plan_anew(wanted: Wanted, prefix: Prefix, changes: PipChanges) -> InstallPlan:
    """Return the plan for a prefix that was moved: its old path stands in files, so that nothing stays."""
    by_hand = {normalise_name(package.name) for package in changes.left_out}
    doomed = tuple(item for item in prefix.installed_by_pip if item.name not in by_hand)
    unreadable = tuple(_unreadable(prefix))
    return InstallPlan(unlink=prefix.conda, link=wanted.conda, doomed=doomed, pip=wanted.pip, unreadable=unreadable)


def make_plan(wanted: Wanted, state: PipState, changes: PipChanges, *, in_doubt: bool = False) -> InstallPlan:
    """Return what makes a prefix exactly `wanted`; `changes` are those of its pip part.

    After an interruption it is `in_doubt` who has a path that several packages list: rattler decides that at the end.
    """
    prefix, doomed, pip = state.prefix, changes.doomed, changes.to_install
    unlink = _Judge(wanted, prefix, state.inspection).unlinked(doomed, in_doubt=in_doubt)
    kept = {record.name for record in prefix.conda if record not in unlink}
    if _other_python(unlink, wanted):
        by_hand = {normalise_name(package.name) for package in changes.left_out}
        doomed = tuple(item for item in prefix.installed_by_pip if item.name not in by_hand)
        pip = wanted.pip
    return InstallPlan(
        unlink=unlink,
        link=tuple(package for package in wanted.conda if package.name not in kept),
        doomed=doomed,
        pip=pip,
        unreadable=tuple(_unreadable(prefix)),
    )


class _Judge:
    """One prefix held against what is wanted."""

    def __init__(self, wanted: Wanted, prefix: Prefix, inspection: Inspection) -> None:
        self.prefix = prefix
        self.inspection = inspection
        self.wanted = wanted
        self.conda = {package.name: package for package in wanted.conda}
        self.pip = {normalise_name(package.name) for package in wanted.pip}

    def unlinked(self, doomed: Iterable[Distribution], *, in_doubt: bool) -> tuple[CondaRecord, ...]:
        """Return the records that are not the locked ones, or not whole, and all that share a path with those."""
        shared = _sharing(self.prefix)
        seen = Counter(record.name for record in self.prefix.conda)
        right = {record.record for record in self.prefix.conda if seen[record.name] == 1 and self.is_right(record)}
        faulty = {record.record for record in self.prefix.conda} - right
        if in_doubt:
            faulty |= shared.keys()
        for item in doomed:
            faulty |= {owner.record for file in item.files for owner in self.conda_owners(file.path)}
        if _other_python([record for record in self.prefix.conda if record.record in faulty], self.wanted):
            faulty |= {record.record for record in self.prefix.conda if record.subdir == "noarch"}
        _spread(faulty, shared)
        return tuple(record for record in self.prefix.conda if record.record in faulty)

    def conda_owners(self, path: str) -> Iterator[CondaRecord]:
        """Yield the conda packages that list a path."""
        for owner, _ in self.prefix.owners.get(path, ()):
            if isinstance(owner, CondaRecord):
                yield owner

    def is_right(self, record: CondaRecord) -> bool:
        """Say whether a record is that of the locked package, and its files are there."""
        package = self.conda.get(record.name)
        if package is None or not _is_same(record, package, self.wanted.plain[package.url]):
            return False
        if self.pip & set(_projects_of(record)):
            return True  # the lock wants pip to put another one in its place, which takes its files away
        return all(self.is_met(file) for file in record.files)

    def is_met(self, file: OwnedFile) -> bool:
        """Say whether the file of a package lies there, or that of a locked pip package in its place."""
        found = self.inspection.found.get(file.path)
        if found is None or found.meets(file):
            return True
        owners = self.prefix.owners.get(file.path, ())
        return any(self.may_replace(owner) and found.meets(other) for owner, other in owners)

    def may_replace(self, owner: Package) -> bool:
        """Say whether the lock wants this one to be installed after all of conda's."""
        return isinstance(owner, Distribution) and owner.name in self.pip


def _is_same(record: CondaRecord, package: LockedPackage, plain: str) -> bool:
    if (record.version, record.url) != (package.version, plain) or package.build not in (None, record.build):
        return False
    if package.sha256:
        return record.sha256 == package.sha256
    return record.md5 == package.md5


def _projects_of(record: CondaRecord) -> Iterator[str]:
    """Yield the Python projects whose metadata a conda package brings."""
    for file in record.files:
        if file.path.endswith(_METADATA):
            folder = file.path if file.path.endswith(".egg-info") else file.path.rpartition("/")[0]
            if folder.rpartition("/")[0].endswith("site-packages"):
                yield normalise_name(folder.rpartition("/")[2].rpartition(".")[0].split("-")[0])


def _spread(faulty: set[str], shared: Mapping[str, set[str]]) -> None:
    """Add every record that shares a path with one that is there already."""
    ready = list(faulty)
    while ready:
        others = shared.get(ready.pop(), set()) - faulty
        faulty |= others
        ready += others


def _sharing(prefix: Prefix) -> Mapping[str, set[str]]:
    """Return which records list a path that another one lists, or has lost, by record."""
    claims: dict[str, set[str]] = {}
    for record in prefix.conda:
        for file in record.files:
            for path in {file.path, file.original or file.path}:
                claims.setdefault(path, set()).add(record.record)
    shared: dict[str, set[str]] = {}
    for claimants in claims.values():
        if len(claimants) > 1:
            for one in claimants:
                shared.setdefault(one, set()).update(claimants)
    return shared


def _other_python(going: Iterable[CondaRecord], wanted: Wanted) -> bool:
    """Say whether Python's folder of packages is about to change: what lies in the old one is dead then."""
    coming = next((package.version for package in wanted.conda if package.name == "python"), "")
    return any(record.name == "python" and _minor(record.version) != _minor(coming) for record in going)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _unreadable(prefix: Prefix) -> Iterator[str]:
    """Yield files of `conda-meta` that hold no record: rattler would stop at the first of them."""
    records = {record.record for record in prefix.conda}
    for fault in prefix.faults:
        if fault.path.startswith("conda-meta/") and fault.path.endswith(".json") and fault.path not in records:
            yield fault.path

"""Which conda packages of a prefix have to go, and come again where the lock has them.

Two packages may list one path: rattler moves the file of one aside. Who has it is decided among those that it links
together; so whoever shares a path with what goes or comes goes and comes along, and a prefix that was changed is one
that was made at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from reprocheck.locking.installing.prefix_state import InstallPlan, PrefixState, Wanted
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import CondaRecord, Distribution, OwnedFile, Package, Prefix
from reprocheck.model.project_names import normalise_name

_METADATA = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")


def records_to_unlink(
    wanted: Wanted, state: PrefixState, doomed: Iterable[Distribution], *, in_doubt: bool
) -> tuple[CondaRecord, ...]:
    """Return the records that are not the locked ones, or not whole, and all that share a path with those.

    `doomed` are the distributions that go before; `in_doubt` counts all that share a path for not whole.
    """
    records, shared, judge = state.prefix.conda, _sharing(state.prefix), _Judge(wanted, state)
    seen = Counter(record.name for record in records)
    faulty = {record.record for record in records if seen[record.name] > 1 or not judge.is_right(record)}
    if in_doubt:
        faulty |= shared.keys()
    faulty |= {owner.record for item in doomed for file in item.files for owner in judge.conda_owners(file.path)}
    if is_python_changed([record for record in records if record.record in faulty], wanted):
        faulty |= {record.record for record in records if record.subdir == "noarch"}
    _spread(faulty, shared)
    return tuple(record for record in records if record.record in faulty)


def mixed_sharers(wanted: Wanted, prefix: Prefix, linked: Collection[str]) -> InstallPlan:
    """Return what is to be put there anew where some share paths, of whom some were `linked` just now and some stayed.

    Who of them has such a path depends on who came first then, and not on the lock alone. What pip installed comes
    after all of conda's.
    """
    shared = _sharing(prefix)
    fresh = {record.record for record in prefix.conda if record.name in linked}
    came = {file.path for record in prefix.conda if record.record in fresh for file in record.files}
    items = (item for item in prefix.installed_by_pip if item.name not in wanted.by_hand)
    over = tuple(item for item in items if any(file.path in came for file in item.files))
    below = {file.path for item in over for file in item.files}
    mixed = {one for one in fresh if shared.get(one, set()) - fresh}
    mixed |= {record.record for record in prefix.conda if any(file.path in below for file in record.files)}
    _spread(mixed, shared)
    unlink = tuple(record for record in prefix.conda if record.record in mixed)
    names, projects = {record.name for record in unlink}, {item.name for item in over}
    return InstallPlan(
        unlink=unlink,
        link=tuple(package for package in wanted.conda if package.name in names),
        doomed=over,
        pip=tuple(package for package in wanted.pip if normalise_name(package.name) in projects),
    )


class _Judge:
    """One prefix held against what is wanted."""

    def __init__(self, wanted: Wanted, state: PrefixState) -> None:
        self.owners = state.prefix.owners
        self.found = state.inspection.found
        self.plain = wanted.plain
        self.conda = {package.name: package for package in wanted.conda}
        self.pip = {normalise_name(package.name) for package in wanted.pip}

    def conda_owners(self, path: str) -> Iterator[CondaRecord]:
        """Yield the conda packages that list a path."""
        for owner, _ in self.owners.get(path, ()):
            if isinstance(owner, CondaRecord):
                yield owner

    def is_right(self, record: CondaRecord) -> bool:
        """Say whether a record is that of the locked package, and its files are there."""
        package = self.conda.get(record.name)
        if package is None or not _is_same(record, package, self.plain[package.url]):
            return False
        if self.pip & set(_projects_of(record)):
            return True  # the lock wants pip to put another one in its place, which takes its files away
        return all(self.is_met(file) for file in record.files)

    def is_met(self, file: OwnedFile) -> bool:
        """Say whether the file of a package lies there, or that of a locked pip package in its place."""
        found = self.found.get(file.path)
        if found is None or found.meets(file):
            return True
        owners = self.owners.get(file.path, ())
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


def is_python_changed(going: Iterable[CondaRecord], wanted: Wanted) -> bool:
    """Say whether Python's folder of packages is about to change: what lies in the old one is dead then."""
    coming = next((package.version for package in wanted.conda if package.name == "python"), "")
    return any(record.name == "python" and _minor(record.version) != _minor(coming) for record in going)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]

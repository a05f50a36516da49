"""What of the pip part has to go from a prefix, and what has to be installed, for the prefix to be what the lock says.

The lock is the whole truth: a distribution that neither it nor conda put there goes, also `pip` and `setuptools`.
Only folders of the project, which no lock can hold, stay as they are. Of a path with several owners that all stay,
what one of them expects is good enough: two packages of one lock that bring the same path would else replace each
other with every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set

from packaging.version import Version

from reprocheck.locking.exports.pip_sources import Repository, pip_source
from reprocheck.locking.installing.prefix_state import PrefixState, Wanted
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import CondaRecord, Distribution, OwnedFile
from reprocheck.model.project_names import normalise_name


def pip_changes(
    state: PrefixState, wanted: Wanted, *, in_doubt: bool = False
) -> tuple[tuple[Distribution, ...], tuple[LockedPackage, ...]]:
    """Return what goes first and what is installed after; a package that is damaged is in both.

    After an interruption it is `in_doubt` whether conda's or pip's bytes lie where both list a path.
    """
    doomed = _Judge(state, wanted).doomed(in_doubt=in_doubt)
    gone = {item.record for item in doomed}
    there = {item.name: item.version for item in state.prefix.distributions if item.record not in gone}
    return doomed, tuple(package for package in wanted.pip if not _is_there(package, there))


class _Judge:
    """Looks at every distribution that pip put there."""

    def __init__(self, state: PrefixState, wanted: Wanted) -> None:
        self.state = state
        self.by_hand = wanted.by_hand
        self.wanted = {normalise_name(package.name): package for package in wanted.pip}
        counted = Counter(item.name for item in state.prefix.installed_by_pip)
        self.several = {name for name, times in counted.items() if times > 1}

    def doomed(self, *, in_doubt: bool) -> tuple[Distribution, ...]:
        """Return what goes: first by what it is, then by what became of the files of the rest."""
        items = [item for item in self.state.prefix.installed_by_pip if item.name not in self.by_hand]
        gone = {item.record for item in items if not self._is_locked(item)}
        for item in items:
            if item.record not in gone and (self._is_damaged(item, gone) or (in_doubt and self._is_over_conda(item))):
                gone.add(item.record)
        return tuple(item for item in items if item.record in gone)

    def _is_locked(self, item: Distribution) -> bool:
        """Say whether a distribution is the locked one, alone, and its installation came to an end."""
        package = self.wanted.get(item.name)
        if package is None or not _same_version(item.version, package.version) or item.name in self.several:
            return False
        is_whole = item.installer is not None and any(file.path == f"{item.record}/INSTALLER" for file in item.files)
        return is_whole and self._is_from(item, package)

    def _is_from(self, item: Distribution, package: LockedPackage) -> bool:
        """Say whether it comes from the locked archive or commit; what nothing proves costs one installation."""
        source, origin = pip_source(package), item.origin
        if isinstance(source, Repository):
            return origin is not None and origin.kind == "vcs" and origin.commit == source.commit
        if origin is not None:
            return origin.kind == "archive" and origin.digest == f"sha256={package.sha256}"
        return self.state.noted.get(item.record) == package.sha256

    def _is_damaged(self, item: Distribution, gone: Set[str]) -> bool:
        """Say whether a path is neither as the distribution says nor as another owner that stays says."""
        for file in item.files:
            found = self.state.inspection.found.get(file.path)
            if found is not None and not any(found.meets(other) for other in self._expected(file.path, gone)):
                return True
        return False

    def _is_over_conda(self, item: Distribution) -> bool:
        owners = (owner for file in item.files for owner, _ in self.state.prefix.owners.get(file.path, ()))
        return any(isinstance(owner, CondaRecord) for owner in owners)

    def _expected(self, path: str, gone: Set[str]) -> Iterator[OwnedFile]:
        for owner, file in self.state.prefix.owners.get(path, ()):
            if owner.record not in gone:
                yield file


def _is_there(package: LockedPackage, there: Mapping[str, str]) -> bool:
    """Say whether a package is there in its version, be it that conda provides it."""
    version = there.get(normalise_name(package.name))
    return version is not None and _same_version(version, package.version)


def _same_version(installed: str, locked: str) -> bool:
    """Compare versions as PEP 440 does: what METADATA writes as `1.0-beta` has the file name `1.0b0`."""
    try:
        return installed == locked or Version(installed) == Version(locked)
    except ValueError:  # no version, or a number of more digits than Python reads
        return False

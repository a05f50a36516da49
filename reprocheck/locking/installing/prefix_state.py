"""What a prefix should hold, what it holds, and what is to be done so that both are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reprocheck.locking.installing.installed_proof import noted_sha256
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import CondaRecord, Distribution, Inspection, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a prefix should hold; `plain` are addresses of conda packages without secrets, by those of the lock.

    `by_hand` are the normalised names of folders of the project, which are neither installed nor removed.
    """

    conda: tuple[LockedPackage, ...]
    pip: tuple[LockedPackage, ...]
    by_hand: frozenset[str]
    plain: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixState:
    """A prefix as it is: what is listed, what lies there, and which archives it was noted to come from.

    `noted` holds the sha256 of the archive by `Distribution.record`, where it is known.
    """

    prefix: Prefix
    inspection: Inspection
    noted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """Conda records to take away, packages to link, distributions to remove, pip packages that are not there.

    `unreadable` are records that nobody can read.
    """

    unlink: tuple[CondaRecord, ...]
    link: tuple[LockedPackage, ...]
    doomed: tuple[Distribution, ...]
    pip: tuple[LockedPackage, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether the prefix is what it should be."""
        return not (self.unlink or self.link or self.doomed or self.pip or self.unreadable)

    def then(self, second: InstallPlan) -> InstallPlan:
        """Return what both plans do, one after the other; what the second removes of the first's was never there."""
        linked, installed = {one.name for one in self.link}, {normalise_name(one.name) for one in self.pip}
        return InstallPlan(
            unlink=(*self.unlink, *(one for one in second.unlink if one.name not in linked)),
            link=(*self.link, *second.link),
            doomed=(*self.doomed, *(one for one in second.doomed if one.name not in installed)),
            pip=(*self.pip, *second.pip),
            unreadable=(*self.unreadable, *second.unreadable),
        )


def look_into(root: Path, prefix: Prefix, progress: Callable[[str], None]) -> PrefixState:
    """Look at all of a prefix, byte by byte."""
    inspection = inspect(root, prefix, InspectionRequest(False, None, progress))
    noted = {item.record: noted_sha256(root / item.record) for item in prefix.installed_by_pip}
    known = {record: digest for record, digest in noted.items() if digest is not None}
    return PrefixState(prefix=prefix, inspection=inspection, noted=known)

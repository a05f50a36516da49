"""A conda-lock v1 file as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Location

Manager = Literal["conda", "pip"]

# Where `custom_metadata` holds what was decided, and a digest of all that the lock was asked for. A lock that
# reprocheck wrote has the digest.
CUDA_KEY = "reprocheck.cuda"
EXCLUDE_NEWER_KEY = "reprocheck.exclude-newer"
PIP_LEFT_OUT_KEY = "reprocheck.pip-left-out"
DIGEST_KEY = "reprocheck.input-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One package on one platform.

    `dependencies` are (name, constraint) pairs in file order; `build` and `channel` are read off the URL of a conda
    package (None for pip, or where the URL tells nothing). Hashes are lower-case hex.

    Of an installed package more is known. `tags` are those of its wheel. `cuda` is the CUDA that an installed torch
    names, empty where that is none. `held` are the kinds of native libraries among its files, None where these are not
    known.
    """

    name: str
    version: str
    manager: Manager
    platform: str
    dependencies: tuple[tuple[str, str], ...]
    url: str
    md5: str | None
    sha256: str | None
    category: str
    optional: bool
    build: str | None
    channel: str | None
    line: int
    tags: tuple[str, ...] = ()
    cuda: str | None = None
    held: frozenset[str] | None = None

    def may_hold(self, kind: str) -> bool:
        """Say whether the package may hold a native library of a kind: False only where its files are known."""
        return self.held is None or kind in self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A whole lock. `content_hash` and `custom_metadata` are (key, value) pairs, sorted by key.

    Where an installed environment stands in the place of a lock, `records` are the paths of its packages' records, and
    `line` of a package counts them.
    """

    path: str
    platforms: tuple[str, ...]
    channels: tuple[str, ...]
    content_hash: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    custom_metadata: tuple[tuple[str, str], ...]
    packages: tuple[LockedPackage, ...]
    records: tuple[str, ...] = ()
    _by_platform: dict[tuple[str, Manager | None], tuple[LockedPackage, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _by_name: dict[str, Mapping[str, tuple[LockedPackage, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def on(self, platform: str, manager: Manager | None = None) -> tuple[LockedPackage, ...]:
        """Return the packages of one platform, of one manager if named; looked up once and kept."""
        kept = self._by_platform.get((platform, manager))
        if kept is None:
            whole = self.packages if manager is None else self.on(platform)
            kept = tuple(item for item in whole if item.platform == platform and manager in (None, item.manager))
            self._by_platform[platform, manager] = kept
        return kept

    def named(self, platform: str, *names: str) -> tuple[LockedPackage, ...]:
        """Return the packages of these names on one platform, conda and pip, in the order of the names and the lock."""
        known = self._by_name.get(platform)
        if known is None:
            found: dict[str, tuple[LockedPackage, ...]] = {}
            for package in self.on(platform):
                found[package.name] = (*found.get(package.name, ()), package)
            known = self._by_name[platform] = found
        return tuple(package for name in names for package in known.get(name, ()))

    def custom(self, key: str) -> str | None:
        """Return a value of `metadata.custom_metadata`, None when absent."""
        return dict(self.custom_metadata).get(key)

    def location_of(self, package: LockedPackage) -> Location:
        """Return where a package's entry begins."""
        if self.records:
            return Location(path=self.records[package.line - 1], line=1, column=1)
        return Location(path=self.path, line=package.line, column=1)

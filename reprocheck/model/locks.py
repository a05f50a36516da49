"""A conda-lock v1 file as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A whole lock. `content_hash` and `custom_metadata` are (key, value) pairs, sorted by key."""

    path: str
    platforms: tuple[str, ...]
    channels: tuple[str, ...]
    content_hash: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    custom_metadata: tuple[tuple[str, str], ...]
    packages: tuple[LockedPackage, ...]

    def on(self, platform: str, manager: Manager | None = None) -> tuple[LockedPackage, ...]:
        """Return the packages of one platform, of one manager if named."""
        return tuple(
            package for package in self.packages if package.platform == platform and manager in (None, package.manager)
        )

    def custom(self, key: str) -> str | None:
        """Return a value of `metadata.custom_metadata`, None when absent."""
        return dict(self.custom_metadata).get(key)

    def location_of(self, package: LockedPackage) -> Location:
        """Return where a package's entry begins."""
        return Location(path=self.path, line=package.line, column=1)

"""What differs between two locks, two environment files, two fingerprints or two records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reprocheck.model.locks import Manager
from reprocheck.model.numeric_differences import NumericDifference

Compared = Literal["locks", "environments", "fingerprints", "records"]
Change = Literal[
    "rehashed",  # the same URL with another hash: what lies there was replaced
    "downgraded",
    "upgraded",
    "changed",  # the versions differ, and no order between them is known
    "added",
    "removed",
    "rebuilt",  # the same version in another build
    "moved",  # the same build from another URL: a channel, a mirror, an archive format
    "patched",  # the same file with other dependencies: a repodata patch
    "recategorised",
]
CHANGES: tuple[Change, ...] = (
    "rehashed",
    "downgraded",
    "upgraded",
    "changed",
    "added",
    "removed",
    "rebuilt",
    "moved",
    "patched",
    "recategorised",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageState:
    """A package as one side has it on one platform; `url` is safe to show."""

    version: str
    build: str | None
    channel: str | None
    url: str
    md5: str | None
    sha256: str | None
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformStates:
    """The two sides on one platform; None where a side lacks the package."""

    platform: str
    old: PackageState | None
    new: PackageState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDifference:
    """One package that changed alike on several platforms.

    `old` and `new` are versions, of an environment file the declared constraints (empty: any version), None where
    a side lacks it. `details` say more, each a line that is safe to show.
    """

    change: Change
    manager: Manager
    name: str
    old: str | None
    new: str | None
    states: tuple[PlatformStates, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms on which it changed so, sorted; empty where no platform is told apart."""
        return tuple(states.platform for states in self.states)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadDifference:
    """Something that no package says: platforms, channels, the CUDA decision, a key of a fingerprint.

    `is_digest` marks a digest of the sources, which tells only that something else was asked for.
    """

    what: str
    old: str | None
    new: str | None
    is_digest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that differs; `old` and `new` name the two sides, `platforms` are those that both have.

    `notes` are what could not be compared, each a sentence without a final stop; `numeric` is what both sides compute,
    None where a side was fingerprinted without probes.
    """

    compared: Compared
    old: str
    new: str
    platforms: tuple[str, ...] = ()
    head: tuple[HeadDifference, ...] = ()
    packages: tuple[PackageDifference, ...] = ()
    notes: tuple[str, ...] = ()
    numeric: NumericDifference | None = None

    @property
    def head_to_read(self) -> tuple[HeadDifference, ...]:
        """What of `head` means something to people: no digests."""
        return tuple(head for head in self.head if not head.is_digest)

    @property
    def is_empty(self) -> bool:
        """Whether the two sides say the same."""
        return not self.head and not self.packages and (self.numeric is None or self.numeric.is_empty)

    def count(self, change: Change) -> int:
        """Return how many packages changed so."""
        return sum(1 for package in self.packages if package.change == change)

"""Whether a lock still answers its environment file, what it fails to answer, and whether it holds together."""

from __future__ import annotations

from typing import Literal

from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import CondaSpec, PipRequirement
from reprocheck.model.locks import LockedPackage

Judge = Literal["input-digest", "content-hash", "satisfiability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleSpec:
    """One declared spec that the lock does not meet on one platform.

    `locked_version` is None where no package of that name is locked. `reason` fits after the spec's text:
    "is not locked", "does not admit 1.26.4".
    """

    spec: CondaSpec | PipRequirement
    platform: str
    locked_version: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetDependency:
    """A locked package needs `name` as `constraint` says; `locked` is what the lock holds instead, if anything."""

    package: LockedPackage
    name: str
    constraint: str
    locked: LockedPackage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The judgement on one lock.

    `by` says what decided: an equal input digest, or a content hash that conda-lock makes of the same sources, proves
    freshness; otherwise every spec was matched against the locked packages. `missing_platforms` are declared but not
    locked; with `problems` they make a lock stale. `declared_cuda` is the configured CUDA decision where it is not
    the one that the lock was solved for, `declared_exclude_newer` the configured bound (an instant, or `none`): stale
    too.

    What follows alone makes no lock stale. `declared_channels` is set only where the channels differ (order counts).
    `extra_platforms` are locked but not declared. `unreachable` are locked packages that no declared spec needs,
    looked for only where no digest or hash proves freshness and every source is known. `assumed_cuda` is the
    `__cuda` that the content hash proves to have been assumed, `none` for no driver. `unjudged` are specs that
    could not be read as conda reads them, that a direct URL stands behind, or that ask for extras. `changed` says
    that a lock of ours records other sources or machines. `every_source` says that all sources were there to be judged;
    `sources` are then their paths, as they lie here.
    """

    fresh: bool
    by: Judge
    problems: tuple[StaleSpec, ...] = ()
    missing_platforms: tuple[str, ...] = ()
    extra_platforms: tuple[str, ...] = ()
    declared_channels: tuple[str, ...] | None = None
    declared_cuda: str | None = None
    declared_exclude_newer: str | None = None
    assumed_cuda: str | None = None
    unreachable: tuple[LockedPackage, ...] = ()
    unjudged: tuple[CondaSpec | PipRequirement, ...] = ()
    changed: bool = False
    every_source: bool = True
    sources: tuple[str, ...] = ()

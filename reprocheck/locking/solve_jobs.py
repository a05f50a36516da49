"""What the solver is asked and what it answers, in words that know no solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprocheck.locking.channels import CondaChannel
from reprocheck.locking.platforms import VirtualPackage
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locks import LockedPackage

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveJob:
    """One solve. `explain` asks for the minimal conflict when there is no solution."""

    platform: str
    specs: tuple[CondaSpec, ...]
    virtual_packages: tuple[VirtualPackage, ...]
    explain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveRequest:
    """Jobs over the same channels, in order of priority. `cache_folder` None means rattler's own."""

    channels: tuple[CondaChannel, ...]
    jobs: tuple[SolveJob, ...]
    timeout_s: int
    offline: bool = False
    cache_folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The packages of one platform, sorted by name."""

    job: SolveJob
    packages: tuple[LockedPackage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsolved:
    """No solution. `conflict` is a smallest set of specs that clash, `tree` the solver's own words."""

    job: SolveJob
    conflict: tuple[CondaSpec, ...]
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Specs that name a package which no channel has on the platform, each with the nearest names there are."""

    job: SolveJob
    specs: tuple[tuple[CondaSpec, tuple[str, ...]], ...]


Answer = Solved | Unsolved | Absent

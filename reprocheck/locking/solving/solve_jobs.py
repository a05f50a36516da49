"""What a solver is asked and what it answers, in words that know no solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locks import LockedPackage
from reprocheck.model.virtual_packages import VirtualPackage

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveJob:
    """One solve. `explain` asks for the minimal conflict when there is no solution.

    `preferred` are packages of the old lock that stay as they are wherever the specs let them; `limits` bind a
    package only if something else brings it in (what the pip part asks of a conda package).
    """

    platform: str
    specs: tuple[CondaSpec, ...]
    virtual_packages: tuple[VirtualPackage, ...]
    explain: bool = True
    preferred: tuple[LockedPackage, ...] = ()
    limits: tuple[CondaSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveRequest:
    """Jobs over the same channels, in order of priority.

    `cache_folder` None means the solver's own. `exclude_newer` is an aware time: records that were uploaded then or
    later do not exist. `settings` say how to reach the network. A failed request is repeated `retries` times.
    """

    channels: tuple[CondaChannel, ...]
    jobs: tuple[SolveJob, ...]
    timeout_s: int
    offline: bool = False
    cache_folder: Path | None = None
    exclude_newer: datetime | None = None
    settings: CondaSettings = field(default_factory=CondaSettings)
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The packages of one platform, sorted by name.

    `undated` are names of packages whose records hold no upload time, so that `exclude_newer` could not judge them.
    """

    job: SolveJob
    packages: tuple[LockedPackage, ...]
    undated: tuple[str, ...] = ()


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


class Solver(Protocol):
    """A module that solves conda specs. `TOOLS` are the programs and versions that go on record, sorted by name."""

    TOOLS: tuple[tuple[str, str], ...]

    def solve_platforms(self, request: SolveRequest, progress: Progress) -> tuple[Answer, ...]:
        """Return one answer for each job, in order.

        Raises:
            InputError: a spec that cannot be read.
            UndecidedError: a channel or the solver is out of reach, or the time is over.
        """
        ...

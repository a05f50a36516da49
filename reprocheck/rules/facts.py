"""What the rules see: gathered by the workflows, never by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprocheck.facts.name_map import NameMap
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.freshness import Freshness, UnmetDependency
from reprocheck.model.locks import Lock

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and each dataclass takes half a millisecond to make.
    from reprocheck.model.machines import TargetMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A part that could not be looked at, and why, in words that fit after "skipped: ".

    `absent` is True where the thing itself does not exist, as opposed to being unreadable or not asked for.
    """

    reason: str
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One environment and all that belongs to it.

    `lock_path` is where the lock is, or should be. `unmet` is what the packages of the lock need of each other and do
    not get. `platforms` limits the audit; empty means all of the lock.
    """

    environment: EnvironmentFile | Unseen
    lock: Lock | Unseen
    lock_path: str
    freshness: Freshness | Unseen
    machine: TargetMachine | Unseen
    names: NameMap
    unmet: tuple[UnmetDependency, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def driver(self) -> str | Unseen:
        """Return the driver version of the machine."""
        if isinstance(self.machine, Unseen):
            return self.machine
        told = f"no driver version is known according to {self.machine.source}; name one with `--driver`"
        return self.machine.driver_version or Unseen(reason=told)

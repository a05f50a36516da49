"""Where a finding about the whole environment is shown: the line that asks for torch, else the start of a file."""

from __future__ import annotations

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Location
from reprocheck.model.locks import Lock
from reprocheck.rules.declarations import first_place
from reprocheck.rules.facts import Facts

_TORCHES = (("conda", "pytorch"), ("conda", "pytorch-gpu"), ("pip", "torch"), ("conda", "libtorch"))


def place_of_torch(facts: Facts) -> Location:
    """Return where torch is declared; else where it is locked; else the first character of what was looked at."""
    return first_place(facts, _TORCHES) or _locked(facts) or start_of(facts)


def start_of(facts: Facts) -> Location:
    """Return the first character of the environment file, of the lock where there is none."""
    if isinstance(facts.environment, EnvironmentFile):
        return facts.environment.start
    return Location(path=facts.lock_path, line=1, column=1)


def _locked(facts: Facts) -> Location | None:
    lock = facts.lock
    if not isinstance(lock, Lock):
        return None
    found = (lock.named(platform, "pytorch", "torch", "libtorch") for platform in lock.platforms)
    return next((lock.location_of(packages[0]) for packages in found if packages), None)

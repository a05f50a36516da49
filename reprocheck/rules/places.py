"""Where a finding about the whole environment is shown: the line that asks for torch, else the start of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Location
from reprocheck.model.locks import Lock
from reprocheck.rules.declarations import first_place
from reprocheck.rules.facts import Facts, Unseen

if TYPE_CHECKING:
    # For annotations only: `check` looks into no installed environment.
    from reprocheck.model.prefixes import Package, Prefix

_TORCHES = (("conda", "pytorch"), ("conda", "pytorch-gpu"), ("pip", "torch"), ("conda", "libtorch"))


def place_of_torch(facts: Facts) -> Location:
    """Return where torch is declared; else locked; else installed; else the first character of what was looked at."""
    return first_place(facts, _TORCHES) or _locked(facts) or _installed(facts) or start_of(facts)


def start_of(facts: Facts) -> Location:
    """Return the first character of the environment file, else of the lock, else the installed environment."""
    if isinstance(facts.environment, EnvironmentFile):
        return facts.environment.start
    prefix = _alone(facts)
    return Location(path=prefix.path if prefix else facts.lock_path, line=1, column=1)


def _locked(facts: Facts) -> Location | None:
    lock = facts.lock
    if not isinstance(lock, Lock):
        return None
    found = (lock.named(platform, "pytorch", "torch", "libtorch") for platform in lock.platforms)
    return next((lock.location_of(packages[0]) for packages in found if packages), None)


def _installed(facts: Facts) -> Location | None:
    """Return the record of an installed torch, where there is neither an environment file nor a lock."""
    prefix = _alone(facts)
    packages: tuple[Package, ...] = (*prefix.conda, *prefix.installed_by_pip) if prefix else ()
    record = next((item.record for item in packages if item.name in ("pytorch", "torch", "libtorch")), None)
    return Location(path=f"{prefix.path.rstrip('/')}/{record}", line=1, column=1) if prefix and record else None


def _alone(facts: Facts) -> Prefix | None:
    is_alone = not isinstance(facts.lock, Lock) and not isinstance(facts.environment, EnvironmentFile)
    return facts.prefix if is_alone and not isinstance(facts.prefix, Unseen) else None

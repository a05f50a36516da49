"""How findings name several packages at once."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.locks import Lock, LockedPackage

MOST_NAMED = 5
SHOWN_DIGITS = 12  # of a digest or a commit


def shortened(names: Sequence[str], most: int) -> str:
    """Return at most so many names in a row, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def part_of(number: int, total: int, noun: str) -> str:
    """Return how many of something: `its only file`, `all of its 3 files`, `2 of its 3 files`."""
    if number == total:
        return f"its only {noun}" if total == 1 else f"all of its {counted(total, noun)}"
    return f"{number} of its {counted(total, noun)}"


def the_lock(lock: Lock) -> str:
    """Return what a sentence calls a lock, or the installed environment that stands in its place."""
    return "the environment" if lock.records else "the lock"


def held(lock: object) -> str:
    """Return how a package of a lock is there: `locked`, or `installed`."""
    return "installed" if isinstance(lock, Lock) and lock.records else "locked"


def in_lock(lock: Lock, what: str = "the package") -> str:
    """Return where a package is, for the place beside a finding: `the package in the lock`."""
    return f"{what} in {the_lock(lock)}"


def listed(packages: Sequence[LockedPackage]) -> str:
    """Return at most five packages with their versions, each once, and how many more there are."""
    return shortened(list(dict.fromkeys(map(_named, packages))), MOST_NAMED)


def joined(packages: Sequence[LockedPackage]) -> str:
    """Return all packages with their versions: `a 1` and `b 2`."""
    return " and ".join(map(_named, packages))


def _named(package: LockedPackage) -> str:
    return f"`{package.name} {package.version}`"

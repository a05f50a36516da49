"""How findings name several packages at once."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.locks import LockedPackage

_MOST_NAMED = 5


def shortened(names: Sequence[str], most: int) -> str:
    """Return at most so many names in a row, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def listed(packages: Sequence[LockedPackage]) -> str:
    """Return at most five packages with their versions, each once, and how many more there are."""
    return shortened(list(dict.fromkeys(map(_named, packages))), _MOST_NAMED)


def joined(packages: Sequence[LockedPackage]) -> str:
    """Return all packages with their versions: `a 1` and `b 2`."""
    return " and ".join(map(_named, packages))


def _named(package: LockedPackage) -> str:
    return f"`{package.name} {package.version}`"

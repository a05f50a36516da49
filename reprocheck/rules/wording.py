"""How findings name several packages at once."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.locks import LockedPackage

_MOST_NAMED = 5


def listed(packages: Sequence[LockedPackage]) -> str:
    """Return at most five packages with their versions, each once, and how many more there are."""
    names = list(dict.fromkeys(f"`{package.name} {package.version}`" for package in packages))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"

"""Which distributions install the same importable module.

Source: the table `import_collisions.yaml`, whose rows name theirs.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from reprocheck.facts.tables import Row, optional_text, rows_of, text


class Collision(NamedTuple):
    """A module and the distributions that install it, the one to keep first; `clean_from` is a name and a release."""

    module: str
    distributions: tuple[str, ...]
    severity: str
    clean_from: tuple[str, str] | None


@cache
def collisions() -> tuple[Collision, ...]:
    """Return the groups of the table, in file order."""
    return tuple(map(_collision, rows_of("import_collisions", "groups")))


def _collision(row: Row) -> Collision:
    name, _, release = (optional_text(row, "clean_from") or "").partition(" ")
    return Collision(
        module=text(row, "import_name"),
        distributions=tuple(row["distributions"]),
        severity=text(row, "severity") if text(row, "confidence") != "low" else "info",
        clean_from=(name, release) if name else None,
    )


@cache
def collision_of(distribution: str) -> Collision | None:
    """Return the group that a distribution belongs to, None for one that shares its module with nobody."""
    return next((group for group in collisions() if distribution in group.distributions), None)

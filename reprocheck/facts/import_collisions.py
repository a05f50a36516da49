"""Which distributions install the same importable module.

Read by `reprocheck check` on every environment, so line by line with one pattern, not by a YAML parser.
Source: the table `import_collisions.yaml`, whose rows name theirs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).with_name("tables") / "import_collisions.yaml"
_ROW = (
    r"^- \{import_name: (\w+), distributions: \[([^\]]+)\], severity: (\w+), clean_from: ([^,]+),"
    r" source: \[[^\]]+\], confidence: (\w+)"
)


class Collision(NamedTuple):
    """A module and the distributions that install it, the one to keep first; `clean_from` is a name and a release."""

    module: str
    distributions: tuple[str, ...]
    severity: str
    clean_from: tuple[str, str] | None


@cache
def collisions() -> tuple[Collision, ...]:
    """Return the groups of the table, in file order."""
    rows = re.findall(_ROW, _TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return tuple(
        Collision(
            module=module,
            distributions=tuple(names.split(", ")),
            severity=severity if confidence != "low" else "info",
            clean_from=None if clean == "null" else (clean.split()[0], clean.split()[1]),
        )
        for module, names, severity, clean, confidence in rows
    )


@cache
def collision_of(distribution: str) -> Collision | None:
    """Return the group that a distribution belongs to, None for one that shares its module with nobody."""
    return next((group for group in collisions() if distribution in group.distributions), None)

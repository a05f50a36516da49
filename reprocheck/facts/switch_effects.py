"""Which operations give other bits under another setting of a switch, as measured on the probe families.

Source: measured on two processors; the table names its sources row by row. A row that both gave alike is of high
confidence, one of a single processor of medium, and where they disagree it is of low confidence and says so.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from reprocheck.facts.tables import Row, optional_text, rows_of, text


class Effect(NamedTuple):
    """Whether `switch`, put to `setting`, changes the bits of the operations of a family in a dtype.

    `setting` is a value such as `AVX2`, `*` where any other value does it; `operation` and `dtype` may end in `*`,
    which stands for any rest. `note` says what is special, "" where nothing is.
    """

    switch: str
    setting: str
    family: str
    operation: str
    dtype: str
    changes: bool
    confidence: str
    note: str = ""

    def covers(self, family: str, operation: str, dtype: str) -> bool:
        """Whether the row speaks of the operation in the dtype."""
        return _fits(self.family, family) and _fits(self.operation, operation) and _fits(self.dtype, dtype)


@cache
def effects_of(switch: str) -> tuple[Effect, ...]:
    """Return what is known of a switch, in the order of the table; empty for one that nobody measured."""
    return tuple(effect for effect in all_effects() if effect.switch == switch)


@cache
def all_effects() -> tuple[Effect, ...]:
    """Return every effect of the table."""
    return tuple(effect for row in rows_of("switch_effects", "effects") for effect in _effects(row))


def effect_on(switch: str, family: str, operation: str, dtype: str) -> Effect | None:
    """Return what a switch does to the operation: a setting that changes it before one that does not; None: unknown."""
    known = [effect for effect in effects_of(switch) if effect.covers(family, operation, dtype)]
    return next((effect for effect in known if effect.changes), known[0] if known else None)


def _effects(row: Row) -> list[Effect]:
    return [
        Effect(
            switch=text(row, "switch"),
            setting=setting,
            family=family,
            operation=operation,
            dtype=dtype,
            changes=text(row, "changes") == "yes",
            confidence=text(row, "confidence"),
            note=optional_text({"note": "", **row}, "note") or "",
        )
        for setting in row["settings"]
        for family in row["families"]
        for operation in row["operations"]
        for dtype in row["dtypes"]
    ]


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern

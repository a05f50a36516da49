"""Facts that remember which of their unseen parts somebody asked for."""

from __future__ import annotations

from typing import cast

from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import RuleModule


class _Watched:
    """Stands before facts; derives everything anew, since what was derived before would be asked for no more."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.memo: dict[tuple[str, str], object] = {}
        self.missed = False

    def __getattr__(self, name: str) -> object:
        value = getattr(self.facts, name)
        self.missed = self.missed or isinstance(value, Unseen)
        return value


def misses_nothing(module: RuleModule, facts: Facts) -> bool:
    """Say whether a rule saw every part that it asked for: only then is what it does not find not there."""
    watched = _Watched(facts)
    for _ in module.check(cast(Facts, watched)):
        pass
    return not watched.missed

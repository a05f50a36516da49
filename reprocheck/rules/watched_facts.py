"""Facts that remember which of their unseen parts somebody asked for."""

from __future__ import annotations

from typing import cast

from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, RuleModule

# Where there is no lock, these have seen all that there is; the others would find more in one.
_COMPLETE_WITHOUT_LOCK = (Family.ENVIRONMENT, Family.LOCK)


class _Watched:
    """Stands before facts; derives everything anew, since what was derived before would be asked for no more."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.memo: dict[tuple[str, str], object] = {}
        self.asked_for: list[Unseen] = []

    def __getattr__(self, name: str) -> object:
        value = getattr(self.facts, name)
        if isinstance(value, Unseen):
            self.asked_for.append(value)
        return value


def misses_nothing(module: RuleModule, facts: Facts) -> bool:
    """Say whether a rule saw every part that it asked for: only then is what it does not find not there.

    An installed environment, or the Python in it, is one of many that a file stands for; what is sound in it may be
    damaged, or set otherwise, in the next.
    """
    if module.RULE.family in (Family.DETERMINISM, Family.INSTALLED):
        return False
    watched = _Watched(facts)
    for _ in module.check(cast(Facts, watched)):
        pass
    absent_is_seen = module.RULE.family in _COMPLETE_WITHOUT_LOCK
    return all(part.absent and absent_is_seen for part in watched.asked_for)

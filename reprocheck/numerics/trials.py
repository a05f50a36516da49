"""The trials of one experiment: each hypothesis alone, then what was recorded together, then combinations.

What explains the most is held against all other probes too: the cause leaves alike what both sides have alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprocheck.model.numeric_experiments import Origin
from reprocheck.numerics.hypotheses import Hypothesis
from reprocheck.numerics.laboratories import Laboratory, Settings
from reprocheck.numerics.switched_probes import Key
from reprocheck.numerics.trial_outcomes import (
    Case,
    Outcome,
    broken_by,
    combinations,
    families_of_twins,
    outcome_of,
)

MOST_SUSPECTS = 8
MOST_COMBINATIONS = 24
MOST_SWITCHES = 3
RANKS: tuple[Origin, ...] = ("recorded", "hardware", "standard")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Settings that were tried on all probes, and what they broke of those that are alike; None: no time for it."""

    outcome: Outcome
    broken: tuple[Key, ...] | None


class Trials:
    """The trials of one case, in the order in which they were made."""

    def __init__(self, case: Case, laboratory: Laboratory) -> None:
        self._case = case
        self._laboratory = laboratory
        self.outcomes: list[Outcome] = []

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return self._laboratory.is_late

    def causes(self, thoughts: Sequence[Hypothesis]) -> list[Confirmed]:
        """Return what explains the most, all with the same bits, what was recorded first; empty where nothing helps."""
        singles = self._make([thought for thought in thoughts if len(thought.settings) == 1])
        best = self._full(singles) or self._together(thoughts, singles) or self._combined(singles)
        if not best:
            best = self._nearest()
        suspects = sorted(self._with_twins(best, singles), key=_preference)
        return self._confirmed(suspects[:MOST_SUSPECTS])

    def _make(self, thoughts: Sequence[Hypothesis]) -> list[Outcome]:
        """Try settings on the differing probes."""
        runs = self._laboratory.run([thought.settings for thought in thoughts], self._case.differing)
        made = [outcome_of(run, thought.origin, self._case) for thought, run in zip(thoughts, runs, strict=False)]
        self.outcomes += made
        return made

    def _full(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        return [outcome for outcome in outcomes if outcome.is_full(self._case)]

    def _together(self, thoughts: Sequence[Hypothesis], singles: Sequence[Outcome]) -> list[Outcome]:
        """Try what was recorded all at once, and leave out one after the other what is not needed."""
        idle = {outcome.settings[0] for outcome in singles if not outcome.moved}
        for thought in thoughts:
            useful = tuple(setting for setting in thought.settings if setting not in idle)
            if len(thought.settings) > 1 and len(useful) > 1:
                made = self._full(self._make([Hypothesis(useful, thought.origin)]))
                return [self._least(made[0])] if made else []
        return []

    def _least(self, full: Outcome) -> Outcome:
        for setting in full.settings:
            fewer = tuple(other for other in full.settings if other != setting)
            if len(fewer) > 1:
                made = self._full(self._make([Hypothesis(fewer, full.origin)]))
                full = made[0] if made else full
        return full

    def _combined(self, singles: Sequence[Outcome]) -> list[Outcome]:
        """Try combinations of those that do something, the most promising first, until one explains everything."""
        helpful = [family[0] for family in families_of_twins(sorted(singles, key=_preference)) if family[0].moved]
        bases: list[Outcome] = helpful
        for _ in range(MOST_SWITCHES - 1):
            bases = self._pairs(bases, helpful)
            full = self._full(bases)
            if full or not bases:
                return full
        return []

    def _pairs(self, bases: Sequence[Outcome], additions: Sequence[Outcome]) -> list[Outcome]:
        made: list[Outcome] = []
        for base, added in combinations(bases, additions, self._case)[:MOST_COMBINATIONS]:
            origin = RANKS[max(RANKS.index(base.origin), RANKS.index(added.origin))]
            made += self._make([Hypothesis((*base.settings, *added.settings), origin)])
            if self.is_late or self._full(made):
                break
        return made

    def _nearest(self) -> list[Outcome]:
        """Return what makes the most probes equal, by the fewest switches."""
        most = max((len(outcome.equal) for outcome in self.outcomes), default=0)
        near = [outcome for outcome in self.outcomes if len(outcome.equal) == most]
        fewest = min((len(outcome.settings) for outcome in near), default=0)
        return [outcome for outcome in near if most and len(outcome.settings) == fewest]

    def _with_twins(self, best: Sequence[Outcome], singles: Sequence[Outcome]) -> Iterator[Outcome]:
        """Yield the best, and each with one part replaced by another setting that gave the same bits alone."""
        yield from best
        for outcome in best:
            for settings in _replaced(outcome.settings, families_of_twins(singles)):
                yield Outcome(
                    settings=settings,
                    origin="standard",
                    digests=outcome.digests,
                    equal=outcome.equal,
                    moved=outcome.moved,
                )

    def _confirmed(self, suspects: Sequence[Outcome]) -> list[Confirmed]:
        """Run suspects on all probes, and return those that still have the best's bits and break the fewest."""
        keys = (*self._case.differing, *self._case.alike)
        runs = list(self._laboratory.run([suspect.settings for suspect in suspects], keys))
        found = [
            Confirmed(suspect, broken_by(run, self._case))
            for suspect, run in zip(suspects, runs, strict=False)
            if outcome_of(run, suspect.origin, self._case).equal == suspects[0].equal
        ]
        if not runs:
            return [Confirmed(suspect, None) for suspect in suspects[:1]]
        fewest = min((len(confirmed.broken or ()) for confirmed in found), default=0)
        return [confirmed for confirmed in found if len(confirmed.broken or ()) == fewest]


def _preference(outcome: Outcome) -> int:
    return RANKS.index(outcome.origin)


def _replaced(settings: Settings, families: Sequence[Sequence[Outcome]]) -> Iterator[Settings]:
    """Yield the combination with each of its settings replaced by each of that setting's twins."""
    for index, setting in enumerate(settings if len(settings) > 1 else ()):
        for family in families:
            twins = [outcome.settings[0] for outcome in family]
            if setting in twins:
                yield from (
                    (*settings[:index], twin, *settings[index + 1 :])
                    for twin in twins
                    if twin != setting and twin.switch not in {other.switch for other in settings if other != setting}
                )

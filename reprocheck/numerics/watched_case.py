"""A user's own training that parted from its record, as those ask about it who look for the cause.

What a look finds is a `Cause`; a text says what it ruled out; None, that the notes do not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from reprocheck.model.records import RankStep, Run
from reprocheck.model.step_notes import StepNotes, WatchedProgram
from reprocheck.model.verdicts import Cause, Divergence
from reprocheck.numerics.comparison import settings_before
from reprocheck.numerics.watched_phases import notes_of

NOT_THERE = "not there"
Opinion = Cause | str | None
Shown = tuple[str, str, str]  # the name of something, its recorded value, its value here

_NO_PROGRAM = WatchedProgram(script="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The two runs and the first place where they differ.

    `is_steady` says that a second rerun gave the same bits; the notes then lack the generators that nobody seeds.
    """

    recorded: Run
    observed: Run
    found: Divergence
    is_steady: bool = False

    @property
    def steps(self) -> tuple[RankStep | None, RankStep | None]:
        """The diverging step of the rank, of the record and here, None where a run has none."""
        return self.steps_at(self.found.step)

    @property
    def notes(self) -> tuple[StepNotes, StepNotes]:
        """The notes of the diverging step."""
        left, right = self.steps
        return notes_of(left), notes_of(right)

    @property
    def programs(self) -> tuple[WatchedProgram, WatchedProgram]:
        """What was learned of the two programs."""
        return self.recorded.program or _NO_PROGRAM, self.observed.program or _NO_PROGRAM

    @property
    def events(self) -> tuple[str, str]:
        """What happened in the diverging step, in order."""
        left, right = self.notes
        return left.events, right.events

    @property
    def settings(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The settings in force in the diverging step."""
        left, right = (settings_before(run, self.found.step, self.found.rank) for run in (self.recorded, self.observed))
        return left, right

    def steps_at(self, step: int) -> tuple[RankStep | None, RankStep | None]:
        """Return a step of the diverging rank, of the record and here."""
        left, right = (_step(run, step, self.found.rank) for run in (self.recorded, self.observed))
        return left, right

    def other_settings(self, is_meant: Callable[[str], bool]) -> list[Shown]:
        """Return the settings in force that differ, of those that are meant."""
        return [shown for shown in differing(*self.settings) if is_meant(shown[0])]

    def knows_settings(self, is_meant: Callable[[str], bool]) -> bool:
        """Say whether both sides tell a setting of those that are meant."""
        return all(any(map(is_meant, settings)) for settings in self.settings)


Look = Callable[[Case], Opinion]


def differing(recorded: Mapping[str, str], observed: Mapping[str, str]) -> list[Shown]:
    """Return what two mappings differ in, by name."""
    return [
        (name, recorded.get(name, NOT_THERE), observed.get(name, NOT_THERE))
        for name in sorted({*recorded, *observed})
        if recorded.get(name) != observed.get(name)
    ]


def evidence(shown: Iterable[Shown]) -> tuple[str, ...]:
    """Return differences as lines of evidence."""
    return tuple(f"{name}: recorded {recorded}, here {observed}" for name, recorded, observed in shown)


def evaluates_again(events: str) -> bool:
    """Say whether an optimizer calls its closure again within a step: gradients are set to zero between two passes."""
    letters = (letter for letter, _ in groupby(letter for letter in events if letter in "ZB"))
    return "BZB" in "".join(letters)


def marks_of(run: Run, step: int, rank: int) -> Sequence[str]:
    """Return the marks of the values after a step, those of the start before step 0; empty where a run has none."""
    if step < 0:
        return run.initial[rank] if rank < len(run.initial) else ()
    found = _step(run, step, rank)
    return found.parameters if found else ()


def last_marks(run: Run, index: int, step: int, rank: int) -> str:
    """Return the last mark of a tensor up to a step: a step of another optimizer may have nothing of it."""
    told = (marks_of(run, number, rank) for number in range(step, -2, -1))
    return next((marks[index] for marks in told if index < len(marks) and marks[index] != "-"), "")


def size_of(found: Divergence) -> float | None:
    """Return the relative difference, None where none is known."""
    word = found.relative.partition(" ")[0]
    return float(word) if word else None


def _step(run: Run, step: int, rank: int) -> RankStep | None:
    if not 0 <= step < len(run.steps) or rank >= len(run.steps[step]):
        return None
    return run.steps[step][rank]

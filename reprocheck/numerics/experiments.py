"""Find the cause of differing probes by experiment: rerun them here under other switches, and see which give the bits.

Held constant: the machine, the Python, the inputs. Control: the probes here without any change, which must give the bits
of one side. Test: the same probes under a setting. A setting that gives the bits of the other side, and leaves alike
what is alike, is the cause, or has the very effect of the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import probe_label
from reprocheck.model.numeric_experiments import Experiment, Trial
from reprocheck.model.numeric_fingerprints import Probe, numeric_fingerprint
from reprocheck.numerics.hypotheses import Hypothesis, hypotheses
from reprocheck.numerics.laboratories import Laboratory, ProcessLaboratory, Settings
from reprocheck.numerics.switched_probes import Key, Switched
from reprocheck.numerics.trial_outcomes import (
    Case,
    Outcome,
    broken_by,
    combinations,
    families_of_twins,
    outcome_of,
)

DEADLINE_S = 300.0
MOST_SUSPECTS = 8  # settings that explain the most and are held against all other probes too
MOST_COMBINATIONS = 24
MOST_SWITCHES = 3

Document = Mapping[str, Json]
Home = Literal["old", "new"]
Probes = Mapping[Key, Probe]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Two fingerprint documents with probes, the Python to experiment in, and how long all trials may take."""

    old: Document
    new: Document
    python: Path
    deadline_s: float = DEADLINE_S


def explain_by_experiment(question: Question, tell: Callable[[str], None]) -> Experiment:
    """Return what makes the bits of the other side here.

    Raises:
        InputError: the Python is no program.
        UndecidedError: there is no room for a process.
    """
    laboratory = ProcessLaboratory(question.python, question.deadline_s, tell)
    return experiment(question.old, question.new, laboratory)


def experiment(old: Document, new: Document, laboratory: Laboratory) -> Experiment:
    """Return what makes the bits of the other side in `laboratory`."""
    sides: dict[Home, Probes] = {"old": _measured(old), "new": _measured(new)}
    differing, alike = _sorted_out(sides["old"], sides["new"])
    if not differing:
        return Experiment(home="new")
    control = next(laboratory.run([()], [*differing, *alike], repeats=2), None)
    home = _home(control, differing, sides)
    if control is None or home is None:
        return _homeless(control, differing)
    away: Home = "new" if home == "old" else "old"
    case = _case(control, differing, alike, sides[home], sides[away])
    here, there = (old, new) if home == "old" else (new, old)
    thoughts = hypotheses(here, there, {device for _, device in differing})
    return _explained(case, _Trials(case, laboratory), thoughts, Experiment(home=home, notes=_left_out(case, differing, alike)))


def _measured(document: Document) -> Probes:
    """Return the probes that have bits, the same ones each time."""
    measured = numeric_fingerprint(document)
    probes = measured.probes if measured else ()
    return {probe.key: probe for probe in probes if probe.digest and not probe.differing}


def _sorted_out(old: Probes, new: Probes) -> tuple[list[Key], list[Key]]:
    both = [key for key in old if key in new]
    differing = [key for key in both if old[key].digest != new[key].digest]
    return differing, [key for key in both if old[key].digest == new[key].digest]


def _home(control: Switched | None, differing: Sequence[Key], sides: Mapping[Home, Probes]) -> Home | None:
    """Return the side whose bits come out here; where it is both in part, the one with more of them."""
    if control is None:
        return None
    hits = {
        side: sum(control.digest(key) == probes[key].digest for key in differing) for side, probes in sides.items()
    }
    best = max(hits, key=lambda side: hits[side])
    return best if hits[best] else None


def _homeless(control: Switched | None, differing: Sequence[Key]) -> Experiment:
    why = "it did not end in time" if control is None else control.fault
    note = (
        "run here without changes, the differing probes have neither side's bits"
        f"{f' ({why})' if why else ''}: make the experiment on one of the two machines, with the Python and the "
        "environment variables of its fingerprint"
    )
    return Experiment(home=None, differing=_labels(differing), notes=(note,))


def _case(
    control: Switched, differing: Sequence[Key], alike: Sequence[Key], home: Probes, away: Probes
) -> Case:
    """Return the probes that come out here as at home, with the bits that they have away."""
    return Case(
        differing=tuple(key for key in differing if control.digest(key) == home[key].digest),
        alike=tuple(key for key in alike if control.digest(key) == home[key].digest),
        target={key: away[key].digest for key in (*differing, *alike)},
        control={key: control.digest(key) for key in (*differing, *alike)},
    )


def _left_out(case: Case, differing: Sequence[Key], alike: Sequence[Key]) -> tuple[str, ...]:
    lost = len(differing) - len(case.differing)
    changed = len(alike) - len(case.alike)
    notes = []
    if lost:
        notes.append(f"{lost} of {len(differing)} differing probes have neither side's bits here and were left out")
    if changed:
        notes.append(f"{changed} probes that both sides have alike have other bits here and were left out")
    return tuple(notes)


class _Trials:
    """The trials of one case, in the order in which they were made."""

    def __init__(self, case: Case, laboratory: Laboratory) -> None:
        self._case = case
        self._laboratory = laboratory
        self.outcomes: list[Outcome] = []

    def make(self, thoughts: Sequence[Hypothesis]) -> list[Outcome]:
        """Try settings on the differing probes."""
        runs = self._laboratory.run([thought.settings for thought in thoughts], self._case.differing)
        made = [outcome_of(run, thought.origin, self._case) for thought, run in zip(thoughts, runs, strict=False)]
        self.outcomes += made
        return made

    def combined(self, bases: Sequence[Outcome], additions: Sequence[Outcome]) -> list[Outcome]:
        """Try combinations, the most promising first, until one explains everything."""
        made: list[Outcome] = []
        for base, added in combinations(bases, additions, self._case)[:MOST_COMBINATIONS]:
            settings, origin = (*base.settings, *added.settings), max(base.origin, added.origin, key=_rank)
            made += self.make([Hypothesis(settings, origin)])
            if self.is_late or made[-1].is_full(self._case):
                break
        return made

    def broken(self, settings: Sequence[Settings]) -> list[tuple[Key, ...] | None]:
        """Return what each of the settings breaks of the probes that are alike; None where time was up."""
        runs = self._laboratory.run(settings, self._case.alike) if self._case.alike else iter(())
        found: list[tuple[Key, ...] | None] = [broken_by(run, self._case) for run in runs]
        return [*found, *([None] * (len(settings) - len(found)))]

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return self._laboratory.is_late

"""Find the cause of differing probes by experiment: rerun them here under other switches, and see which give the bits.

Held constant: the machine, the Python, the inputs. Control: the probes here without any change, which must give the
bits of one side. Test: the same probes under a setting. A setting that gives the bits of the other side, and leaves
alike what is alike, is the cause, or has the very effect of the cause.
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
from reprocheck.numerics.hypotheses import hypotheses
from reprocheck.numerics.laboratories import Laboratory, ProcessLaboratory
from reprocheck.numerics.switched_probes import Key, Switched
from reprocheck.numerics.trial_outcomes import Case, Outcome
from reprocheck.numerics.trials import Confirmed, Trials

DEADLINE_S = 300.0

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
    control = _control(laboratory, [*differing, *alike])
    home = _home(control, differing, sides)
    if control is None or home is None:
        return _homeless(control, differing)
    away: Home = "new" if home == "old" else "old"
    case = _case(control, differing, alike, sides[home], sides[away])
    here, there = (old, new) if home == "old" else (new, old)
    thoughts = hypotheses(here, there, {device for _, device in differing})
    trials = Trials(case, laboratory)
    causes = trials.causes(thoughts)
    notes = (*_left_out(case, differing, alike), *_late(trials))
    return _told(case, home, trials.outcomes, causes, notes)


def _measured(document: Document) -> Probes:
    """Return the probes that have bits, the same ones each time."""
    measured = numeric_fingerprint(document)
    probes = measured.probes if measured else ()
    return {probe.key: probe for probe in probes if probe.digest and not probe.differing}


def _sorted_out(old: Probes, new: Probes) -> tuple[list[Key], list[Key]]:
    both = [key for key in old if key in new]
    differing = [key for key in both if old[key].digest != new[key].digest]
    return differing, [key for key in both if old[key].digest == new[key].digest]


def _control(laboratory: Laboratory, keys: Sequence[Key]) -> Switched | None:
    """Return the probes without changes, those left out that two processes do not give alike; None: no time for it."""
    runs = list(laboratory.run([(), ()], keys, repeats=2))
    if not runs:
        return None
    steady = {key: probe for key, probe in runs[0].probes.items() if runs[0].digest(key) == runs[-1].digest(key)}
    return replace(runs[0], probes=steady)


def _home(control: Switched | None, differing: Sequence[Key], sides: Mapping[Home, Probes]) -> Home | None:
    """Return the side whose bits come out here, for half of the differing probes at least; None where neither's do."""
    if control is None:
        return None
    hits = {side: sum(control.digest(key) == probes[key].digest for key in differing) for side, probes in sides.items()}
    best = max(hits, key=lambda side: hits[side])
    return best if hits[best] * 2 >= len(differing) else None


def _homeless(control: Switched | None, differing: Sequence[Key]) -> Experiment:
    why = "it did not end in time" if control is None else control.fault
    note = (
        "run here without changes, most differing probes have neither side's bits"
        f"{f' ({why})' if why else ''}: make the experiment on one of the two machines, with the Python and the "
        "environment variables of its fingerprint"
    )
    return Experiment(home=None, differing=_labels(differing), notes=(note,))


def _case(control: Switched, differing: Sequence[Key], alike: Sequence[Key], home: Probes, away: Probes) -> Case:
    """Return the probes that come out here as at home, with the bits that they have away."""
    return Case(
        differing=tuple(key for key in differing if control.digest(key) == home[key].digest),
        alike=tuple(key for key in alike if control.digest(key) == home[key].digest),
        target={key: away[key].digest for key in (*differing, *alike)},
        control={key: control.digest(key) for key in (*differing, *alike)},
    )


def _left_out(case: Case, differing: Sequence[Key], alike: Sequence[Key]) -> tuple[str, ...]:
    lost, changed = len(differing) - len(case.differing), len(alike) - len(case.alike)
    notes = []
    if lost:
        notes.append(
            f"of {len(differing)} differing probes, {lost} came out otherwise here, or not each time: left out"
        )
    if changed:
        notes.append(f"of {len(alike)} equal probes, {changed} came out otherwise here, or not each time: left out")
    return tuple(notes)


def _late(trials: Trials) -> tuple[str, ...]:
    return ("the time was up before everything was tried",) if trials.is_late else ()


def _told(
    case: Case, home: Home, outcomes: Sequence[Outcome], causes: Sequence[Confirmed], notes: tuple[str, ...]
) -> Experiment:
    reached = causes[0].outcome.equal if causes else frozenset()
    return Experiment(
        home=home,
        differing=_labels(case.differing),
        trials=tuple(_trial(outcome, None) for outcome in outcomes),
        causes=tuple(_trial(confirmed.outcome, confirmed.broken) for confirmed in causes),
        left=_labels([key for key in case.differing if key not in reached]),
        notes=notes,
    )


def _trial(outcome: Outcome, broken: Sequence[Key] | None) -> Trial:
    return Trial(
        settings=tuple(map(str, outcome.settings)),
        origin=outcome.origin,
        equal=_labels(sorted(outcome.equal)),
        moved=len(outcome.moved),
        broken=None if broken is None else _labels(broken),
        fault=outcome.fault,
    )


def _labels(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple(probe_label(*key) for key in keys)

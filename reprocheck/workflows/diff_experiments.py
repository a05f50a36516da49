"""Explain what two fingerprints compute differently by rerunning the differing probes here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.differences import Difference
from reprocheck.model.numeric_differences import Explanation, NumericDifference
from reprocheck.model.numeric_experiments import Experiment
from reprocheck.numerics.experiments import Question, explain_by_experiment
from reprocheck.workflows.diff import DiffRequest, documents_to_rerun, find_differences
from reprocheck.workflows.document_differences import read_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSetup:
    """The Python to rerun probes in, how long all that may take, and who is told how far it is."""

    python: Path
    timeout_s: float
    tell: Callable[[str], None]


def explain_differences(request: DiffRequest, setup: ExperimentSetup) -> Difference:
    """Return what differs from the old side to the new one, with the causes that an experiment here shows in front.

    Raises:
        InputError, GatheredErrors: a side is missing or broken, or holds no probes, or the Python is none.
        UsageError: the two are not of one kind, or are no fingerprints or records.
        UndecidedError: git is wanted and does not answer, or there is no room for a process.
    """
    old, new = documents_to_rerun(request)
    difference = find_differences(request)
    if difference.numeric is None:
        raise InputError(
            "there are no probes to rerun",
            where=f"{old[0]} and {new[0]}",
            why="both sides need what `fingerprint --probes` measures",
            how="take them anew with `reprocheck fingerprint --probes -o FILE`",
        )
    require_interpreter(setup.python)
    question = Question(
        old=read_fingerprint(*old), new=read_fingerprint(*new), python=setup.python, deadline_s=setup.timeout_s
    )
    found = explain_by_experiment(question, setup.tell)
    notes = tuple(f"experiment: {note}" for note in found.notes)
    return replace(difference, numeric=_explained(difference.numeric, found), notes=(*difference.notes, *notes))


def _explained(numeric: NumericDifference, found: Experiment) -> NumericDifference:
    shown = tuple(_explanations(found))
    known = {label for explanation in shown for label in explanation.explains}
    return replace(
        numeric,
        experiment=found,
        explanations=(*shown, *numeric.explanations),
        unexplained=tuple(label for label in numeric.unexplained if label not in known),
    )


def _explanations(found: Experiment) -> tuple[Explanation, ...]:
    if not found.causes:
        return ()
    first = found.causes[0]
    text = f"{found.verdict}; shown by experiment"
    contradicts = first.broken or ()
    return (Explanation(cause=first.cause, how="experiment", explains=first.equal, contradicts=contradicts, text=text),)

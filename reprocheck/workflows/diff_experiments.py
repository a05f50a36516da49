"""Explain what two fingerprints compute differently by rerunning the differing probes here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reprocheck.errors import InputError
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.differences import Difference
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import Explanation, NumericDifference
from reprocheck.model.numeric_experiments import Experiment
from reprocheck.numerics.experiments import Question, explain_by_experiment
from reprocheck.workflows.diff import ExperimentSetup
from reprocheck.workflows.document_differences import Named, read_fingerprint


def with_experiment(difference: Difference, old: Named, new: Named, setup: ExperimentSetup) -> Difference:
    """Return the difference with the causes that an experiment shows in front of those from the table.

    Raises:
        InputError: a side holds no probes, or the Python is none.
        UndecidedError: there is no room for a process.
    """
    if difference.numeric is None:
        raise InputError(
            "there are no probes to rerun",
            where=f"{old[0]} and {new[0]}",
            why="both sides need what `fingerprint --probes` measures",
            how="take them anew with `reprocheck fingerprint --probes -o FILE`",
        )
    require_interpreter(setup.python)
    documents: tuple[Mapping[str, Json], ...] = tuple(read_fingerprint(*side) for side in (old, new))
    question = Question(old=documents[0], new=documents[1], python=setup.python, deadline_s=setup.timeout_s)
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
    return (
        Explanation(cause=first.cause, how="experiment", explains=first.equal, contradicts=contradicts, text=text),
    )

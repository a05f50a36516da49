"""Ask the worker for the operations of runs, and put together what the ranks told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from reprocheck.model.json_documents import Json
from reprocheck.model.operations import OperationDigest, RunOperations, structure_of
from reprocheck.model.records import Run

Lines = Sequence[Mapping[str, Json]]
TRACED = "traced"


def recorded_texts(runs: Sequence[Run]) -> Mapping[str, tuple[str, ...]] | None:
    """Return the operations that each recorded run holds, by its name, None where no run holds any."""
    found = {run.plan.name: tuple(digest.text for digest in run.operations.digests) for run in runs if run.operations}
    return found or None


def assemble_operations(lines: Lines, run: int) -> RunOperations | None:
    """Return what all ranks told of the operations of one run, None where they told nothing.

    The outcomes are those of all that was replayed, whichever run asked for it.
    """
    traces = [line for line in lines if line["kind"] == "traced" and line["run"] == run]
    if not traces:
        return None
    asked: dict[str, str] = {}
    for trace in traces:
        for text in _texts(trace["operations"]):
            asked.setdefault(structure_of(text), text)  # ranks hold other numbers: the first one's words are taken
    outcomes = _outcomes([line for line in lines if line["kind"] == "replayed"])
    return RunOperations(
        steps=max(cast("int", trace["steps"]) for trace in traces),
        complete=all(trace["complete"] is True for trace in traces),
        detail=next((str(trace["detail"]) for trace in traces if trace["detail"]), ""),
        traced=tuple(asked.values()),
        digests=tuple(OperationDigest(text=text, outcome=outcome) for text, outcome in outcomes.items()),
    )


def own_operations(operations: RunOperations) -> RunOperations:
    """Return what a record keeps of a run: the outcomes of its own operations, of no other run's."""
    outcomes = {digest.text: digest for digest in operations.digests}
    digests = [outcomes.get(text) or OperationDigest(text=text, outcome="untried") for text in operations.traced]
    return RunOperations(
        steps=operations.steps,
        complete=operations.complete,
        detail=operations.detail,
        traced=operations.traced,
        digests=tuple(digests),
    )


def _outcomes(replays: Lines) -> Mapping[str, str]:
    """Return the outcome of each operation on which all ranks agree; where they do not, the word that says so."""
    found: dict[str, set[str]] = {}
    for replay in replays:
        for text, outcome in cast("Mapping[str, str]", replay["outcomes"]).items():
            found.setdefault(text, set()).add(outcome)
    return {text: outcomes.pop() if len(outcomes) == 1 else "ranks-differ" for text, outcomes in found.items()}


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(cast("Sequence[str]", value))

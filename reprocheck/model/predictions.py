"""What a replay of operations says of a rerun, before it: `reprocheck/prediction/1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED
from reprocheck.model.json_documents import Json
from reprocheck.model.operations import label_of

PREDICTION_SCHEMA = "reprocheck/prediction/1"

PredictedOutcome = Literal["identical", "differs", "undecided"]
BITWISE: Mapping[PredictedOutcome, bool | None] = {"identical": True, "differs": False, "undecided": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPrediction:
    """What is to be expected of one run.

    `operations` are those that give other bits here, in the order in which the run asks for them; `doubts` say why
    nothing is promised; `compared` operations gave a digest there and here.
    """

    name: str
    outcome: PredictedOutcome
    compared: int = 0
    operations: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What is to be expected of all runs of a record, in its order."""

    runs: tuple[RunPrediction, ...]

    @property
    def outcome(self) -> PredictedOutcome:
        """Return `identical` where all runs are; one that differs decides before one that nobody can tell."""
        outcomes = {run.outcome for run in self.runs}
        if "differs" in outcomes:
            return "differs"
        return "identical" if outcomes == {"identical"} else "undecided"

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the operations that give other bits in any run, each once."""
        return tuple(dict.fromkeys(text for run in self.runs for text in run.operations))

    @property
    def exit_code(self) -> int:
        """Return the exit code that tells this outcome."""
        return {"identical": EXIT_CLEAN, "differs": EXIT_FINDINGS, "undecided": EXIT_UNDECIDED}[self.outcome]


def prediction_document(prediction: Prediction) -> Mapping[str, Json]:
    """Return `prediction` as its JSON document."""
    return {"schema": PREDICTION_SCHEMA, **predicted_members(prediction)}


def predicted_members(prediction: Prediction) -> Mapping[str, Json]:
    """Return what a verdict holds under `predicted`."""
    return {
        "bitwise": BITWISE[prediction.outcome],
        "operations": _operations(prediction.operations),
        "runs": [
            {
                "name": run.name,
                "bitwise": BITWISE[run.outcome],
                "compared": run.compared,
                "operations": run.operations,
                "doubts": run.doubts,
            }
            for run in prediction.runs
        ],
    }


def _operations(texts: Sequence[str]) -> Sequence[Json]:
    return [{"name": label_of(text), "operation": text} for text in texts]

"""The verdict `reprocheck/verdict/1`: what was checked, where two runs part, and why that may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED
from reprocheck.model.json_documents import Json
from reprocheck.model.predictions import Prediction, predicted_members

VERDICT_SCHEMA = "reprocheck/verdict/1"
SECOND_RERUN = "second rerun"
CHECKS_BEFORE_RUNS = (
    "fingerprint",
    "lock",
    "prefix",
    "canary",
    "relations",
    "probes",
    "updates",
    "resumed",
    SECOND_RERUN,
)

Outcome = Literal["bitwise", "within-envelope", "not-reproduced", "undecided"]
Status = Literal["pass", "review", "fail", "skip"]

EXIT_OF_OUTCOME: Mapping[Outcome, int] = {
    "bitwise": EXIT_CLEAN,
    "within-envelope": EXIT_CLEAN,
    "not-reproduced": EXIT_FINDINGS,
    "undecided": EXIT_UNDECIDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first place where a rerun differs from its record; steps count optimizer steps from 0.

    `quantity` names what differs in words; `tensor` is set where it is a tensor. `ulp` is the distance in
    units in the last place: of a number, or the largest over `sampled` elements of a tensor; None where
    the difference has no such measure. `relative` is the relative difference, `2.4e-07`, or that of what else of the
    step was measured, `2.4e-07 of the gradient norm`; empty where nothing was. `module` is the path of the module that
    gave or holds what differs, empty where none is known.
    """

    step: int
    rank: int
    phase: str
    quantity: str
    recorded: str
    observed: str
    tensor: str | None = None
    ulp: int | None = None
    sampled: int = 0
    relative: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was compared, and how that ended.

    `ratio` is the worst deviation in units of the reference's own envelope, as a decimal with two digits; empty where
    no envelope was needed.
    """

    name: str
    status: Status
    detail: str
    first_divergence: Divergence | None = None
    ratio: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A possible reason, with what speaks for it and what to do."""

    what: str
    evidence: tuple[str, ...]
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of `verify`; causes come likeliest first.

    `drills` are the faults that were planted on purpose, `left_out` the recorded runs that nobody asked to repeat,
    `prediction` what a replay of the recorded operations says, None where nobody asked for one.
    """

    outcome: Outcome
    checks: tuple[Check, ...]
    causes: tuple[Cause, ...]
    drills: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    prediction: Prediction | None = None

    @property
    def exit_code(self) -> int:
        """Return the exit code that tells this outcome."""
        return EXIT_OF_OUTCOME[self.outcome]

    @property
    def first_failure(self) -> Check | None:
        """Return the failed check that parts from the record at the earliest step."""
        failed = [check for check in self.checks if check.status == "fail" and check.first_divergence]
        return min(failed, key=lambda check: check.first_divergence.step if check.first_divergence else 0, default=None)


def verdict_document(verdict: Verdict) -> Mapping[str, Json]:
    """Return `verdict` as its JSON document; where nothing was predicted, it says so by null."""
    return {
        "schema": VERDICT_SCHEMA,
        "verdict": verdict.outcome,
        "predicted": predicted_members(verdict.prediction or Prediction(runs=())),
        "drills": verdict.drills,
        "left_out": verdict.left_out,
        "checks": [_check(check) for check in verdict.checks],
        "causes": [
            {"rank": rank, "what": cause.what, "evidence": cause.evidence, "fix": cause.fix}
            for rank, cause in enumerate(verdict.causes, start=1)
        ],
    }


def _check(check: Check) -> Mapping[str, Json]:
    return {
        "name": check.name,
        "status": check.status,
        "detail": check.detail,
        "ratio": check.ratio or None,
        "first_divergence": _divergence(check.first_divergence) if check.first_divergence else None,
    }


def _divergence(divergence: Divergence) -> Mapping[str, Json]:
    return {
        "step": divergence.step,
        "rank": divergence.rank,
        "phase": divergence.phase,
        "quantity": divergence.quantity,
        "module": divergence.module or None,
        "tensor": divergence.tensor,
        # A distance of fp64 may pass 2^53; JSON numbers may not.
        "ulp": divergence.ulp if divergence.ulp is None or divergence.ulp < 2**53 else str(divergence.ulp),
        "sampled_elements": divergence.sampled,
        "relative": divergence.relative or None,
        "recorded": divergence.recorded,
        "observed": divergence.observed,
    }

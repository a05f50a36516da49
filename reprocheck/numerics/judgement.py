"""From a record and what was seen here to one verdict: pure, so that every way it can end is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reprocheck.model.fingerprints import unread_reason, unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Cause, Check, Outcome, Verdict
from reprocheck.numerics.cause_reach import causes_in_reach, differences_in_reach
from reprocheck.numerics.causes import (
    Difference,
    cause_without_difference,
    causes_in_phases,
    causes_in_runs,
    causes_of_differences,
    fingerprint_differences,
    telling_differences,
)
from reprocheck.numerics.comparison import compare_runs, name_of
from reprocheck.numerics.drills import Drills
from reprocheck.numerics.envelope_checks import held_against_envelopes
from reprocheck.numerics.measured_checks import causes_in_surroundings, measured_checks
from reprocheck.numerics.numeric_comparison import numeric_difference
from reprocheck.numerics.prediction import predict
from reprocheck.numerics.rerun import Shortage
from reprocheck.numerics.twins import held_against_twins, resumption_check
from reprocheck.numerics.update_comparison import compare_updates

DIGITS_SHOWN = 12
OTHER_RANKS = "on another number of ranks the operations have other shapes"
PLANTED = "no replay foresees a fault that is planted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen here: the fingerprint, the lock beside the record, and the runs, or why there are none.

    `measured` is what this machine computes, abridged as in the record; None where nobody measured it. `looked_at` are
    checks of the surroundings that were made elsewhere.
    """

    fingerprint: Mapping[str, Json]
    lock: Mapping[str, Json]
    runs: tuple[Run, ...] | Shortage
    measured: NumericFingerprint | None = None
    looked_at: tuple[Check, ...] = ()


def judge(recorded: Record, seen: Seen, drills: Drills) -> Verdict:
    """Compare what was seen with the record, run by run, and gather what may have caused a difference."""
    differences = fingerprint_differences(recorded.fingerprint, seen.fingerprint)
    surroundings = surroundings_of(recorded, seen, differences)
    if isinstance(seen.runs, Shortage):
        undecided = _undecided(recorded, surroundings, seen.runs)
        return replace(undecided, prediction=predict(recorded.runs, [None] * len(recorded.runs), seen.runs.what))
    checks = tuple(compare_runs(left, right) for left, right in zip(recorded.runs, seen.runs, strict=True))
    prediction = predict(recorded.runs, [run.operations for run in seen.runs], _unforeseen(recorded, seen.runs, drills))
    is_same_place = not telling_differences(differences)
    checks = held_against_envelopes((recorded.runs, seen.runs), checks, prediction, is_same_place=is_same_place)
    checks = held_against_twins(recorded.runs, checks)
    updates = compare_updates(recorded.runs, seen.runs)
    surroundings += tuple(filter(None, (updates and updates[0], resumption_check(recorded.runs, seen.runs))))
    outcome = _outcome(recorded.runs, checks, surroundings)
    causes: tuple[Cause, ...] = ()
    if outcome == "not-reproduced":
        failed = [check for check in checks if check.status == "fail"]
        phases = {check.first_divergence.phase for check in failed if check.first_divergence}
        shown = (
            *(updates[1] if updates else ()),
            *causes_in_surroundings(surroundings),
            *causes_in_phases(checks),
            *causes_in_reach(causes_in_runs(recorded.runs, seen.runs), phases, is_own=False),
        )
        around = causes_of_differences(differences_in_reach(differences, phases, is_own=False))
        found = (*_planted(drills), *shown, *around)
        causes = found or (cause_without_difference(telling_differences(differences)),)
    checked = (*surroundings, *checks)
    return Verdict(outcome=outcome, checks=checked, causes=causes, drills=drills.texts, prediction=prediction)


def _unforeseen(recorded: Record, seen: Sequence[Run], drills: Drills) -> str:
    """Return why nothing was replayed, where that was meant so."""
    pairs = zip(recorded.runs, seen, strict=True)
    if any(len(left.initial) != len(right.initial) for left, right in pairs if left.initial and right.initial):
        return OTHER_RANKS
    return PLANTED if drills.texts else ""


def surroundings_of(recorded: Record, seen: Seen, differences: Sequence[Difference]) -> tuple[Check, ...]:
    """Return the checks that come before the runs."""
    return (
        fingerprint_check(differences),
        lock_check(recorded.lock, seen.lock),
        *seen.looked_at,
        *_measured(recorded, seen),
    )


def _measured(recorded: Record, seen: Seen) -> tuple[Check, ...]:
    difference = None
    if recorded.measured and seen.measured:
        documents = (recorded.fingerprint, seen.fingerprint)
        difference = numeric_difference(documents, (recorded.measured, seen.measured))
    return measured_checks(recorded.measured, seen.measured, difference)


def fingerprint_check(differences: Sequence[Difference]) -> Check:
    """Return `review` where a difference may change bits: the runs decide whether it did."""
    telling = telling_differences(differences)
    if telling:
        more = f", and {len(telling) - 1} more" if len(telling) > 1 else ""
        return Check(name="fingerprint", status="review", detail=f"{telling[0]}{more}")
    aside = f" ({len(differences)} that decide none)" if differences else ""
    return Check(name="fingerprint", status="pass", detail=f"no difference that decides bits{aside}")


def lock_check(recorded: Mapping[str, Json], observed: Mapping[str, Json]) -> Check:
    """Compare the lock that lay beside the record with the one that lies there now."""
    if unread_status(recorded):
        return Check(name="lock", status="skip", detail=f"none in the record: {unread_reason(recorded)}")
    if unread_status(observed):
        return Check(name="lock", status="review", detail=f"recorded, but not here: {unread_reason(observed)}")
    before, now = (str(value_at(lock, "sha256"))[:DIGITS_SHOWN] for lock in (recorded, observed))
    if before == now:
        return Check(name="lock", status="pass", detail=f"the recorded one, sha256 {now}")
    return Check(name="lock", status="review", detail=f"changed since the record: sha256 {before}, here {now}")


def _outcome(recorded: Sequence[Run], checks: Sequence[Check], surroundings: Sequence[Check]) -> Outcome:
    """Decide: one failure is enough to fail; a recorded run that was not compared leaves it open."""
    statuses = [check.status for run, check in zip(recorded, checks, strict=True) if not run.unsupported]
    if "fail" in [*statuses, *(check.status for check in surroundings)]:
        return "not-reproduced"
    if not statuses or "skip" in statuses:
        return "undecided"
    return "within-envelope" if any(check.ratio for check in checks) else "bitwise"


def _planted(drills: Drills) -> tuple[Cause, ...]:
    if not drills.texts:
        return ()
    evidence = tuple(f"--drill {text}" for text in drills.texts)
    return (Cause(what="a fault planted on purpose", evidence=evidence, fix="verify again without `--drill`"),)


def _undecided(recorded: Record, surroundings: tuple[Check, ...], shortage: Shortage) -> Verdict:
    skipped = tuple(Check(name=name_of(run), status="skip", detail=shortage.what) for run in recorded.runs)
    cause = Cause(what=shortage.what, evidence=(shortage.why,), fix=shortage.how)
    return Verdict(outcome="undecided", checks=(*surroundings, *skipped), causes=(cause,))

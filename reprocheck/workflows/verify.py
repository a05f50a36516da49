"""`verify`: look for differences first, rerun the record's workloads, and say whether the bits came again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, UndecidedError
from reprocheck.model.records import Record, Run, RunPlan
from reprocheck.model.verdicts import Cause, Check, Outcome, Verdict
from reprocheck.numerics.causes import (
    Difference,
    cause_without_difference,
    causes_in_phases,
    causes_in_runs,
    causes_of_differences,
    fingerprint_differences,
    relevance_of,
)
from reprocheck.numerics.comparison import compare_runs
from reprocheck.numerics.drills import NO_STEP, Drills, refuse_idle_drills
from reprocheck.numerics.record_reader import parse_record
from reprocheck.numerics.rerun import RerunOptions, perform_runs
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.record import Fingerprinter, Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """Which record to check in which Python; device and threads are the record's unless given."""

    path: Path
    python: Path
    device: str | None = None
    threads: int | None = None
    drills: Drills


def verify(request: VerifyRequest, tell: Tell, fingerprint: Fingerprinter | None = None) -> Verdict:
    """Return the verdict on the record at `request.path`.

    Raises:
        InputError: no such record, or a broken one.
        UsageError: a drill that touches no run.
        UndecidedError: the worker crashed or did not end in time.
    """
    recorded = read_record(request.path)
    refuse_idle_drills(request.drills, [run.plan for run in recorded.runs])
    tell("reading the machine")
    differences = fingerprint_differences(recorded.fingerprint, (fingerprint or collect_fingerprint)(request.python))
    try:
        observed = perform_runs(_plans(recorded, request), _options(recorded, request), tell)
    except UndecidedError as error:
        if error.detail:  # the worker itself failed, which is no answer about this machine
            raise
        return _undecided(recorded, differences, error)
    return judge(recorded.runs, observed, differences, request.drills)


def read_record(path: Path) -> Record:
    """Return the record in the file `path`.

    Raises:
        InputError: no such file, or not a record of ours.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            "cannot read the record",
            where=str(path),
            why=(error.strerror or type(error).__name__).lower(),
            how="make one with `reprocheck record`, or give its path",
        ) from error
    return parse_record(data, str(path))


def judge(
    recorded: Sequence[Run], observed: Sequence[Run], differences: Sequence[Difference], drills: Drills
) -> Verdict:
    """Compare the runs pair by pair and gather what may have caused a difference."""
    checks = tuple(compare_runs(left, right) for left, right in zip(recorded, observed, strict=True))
    outcome = _outcome(recorded, checks)
    causes: tuple[Cause, ...] = ()
    if outcome == "not-reproduced":
        seen = (*causes_in_phases(checks), *causes_in_runs(recorded, observed))
        found = (*_planted(drills), *seen, *causes_of_differences(differences))
        causes = found or (cause_without_difference(),)
    return Verdict(
        outcome=outcome, checks=(_fingerprint_check(differences), *checks), causes=causes, drills=drills.texts
    )


def _plans(recorded: Record, request: VerifyRequest) -> list[RunPlan]:
    return [request.drills.planted(run.plan) for run in recorded.runs]


def _options(recorded: Record, request: VerifyRequest) -> RerunOptions:
    drills = request.drills
    return RerunOptions(
        python=request.python,
        device=request.device or recorded.device,
        threads=drills.threads or request.threads or recorded.threads,
        drop_sync=NO_STEP if drills.drop_sync is None else drills.drop_sync,
    )


def _outcome(recorded: Sequence[Run], checks: Sequence[Check]) -> Outcome:
    """Decide: one failure is enough to fail; a recorded run that was not compared leaves it open."""
    statuses = [check.status for run, check in zip(recorded, checks, strict=True) if not run.unsupported]
    if "fail" in statuses:
        return "not-reproduced"
    return "bitwise" if statuses and set(statuses) == {"pass"} else "undecided"


def _planted(drills: Drills) -> tuple[Cause, ...]:
    if not drills.texts:
        return ()
    evidence = tuple(f"--drill {text}" for text in drills.texts)
    return (Cause(what="a fault planted on purpose", evidence=evidence, fix="verify again without `--drill`"),)


def _fingerprint_check(differences: Sequence[Difference]) -> Check:
    telling = [difference for difference in differences if relevance_of(difference.path)]
    if telling:
        more = f", and {len(telling) - 1} more" if len(telling) > 1 else ""
        return Check(name="fingerprint", status="review", detail=f"{telling[0]}{more}")
    aside = f" ({len(differences)} that decide none)" if differences else ""
    return Check(name="fingerprint", status="pass", detail=f"no difference that decides bits{aside}")


def _undecided(recorded: Record, differences: Sequence[Difference], error: UndecidedError) -> Verdict:
    skipped = tuple(Check(name=run.plan.name, status="skip", detail=error.what) for run in recorded.runs)
    cause = Cause(what=error.what, evidence=(error.why,), fix=error.how)
    return Verdict(outcome="undecided", checks=(_fingerprint_check(differences), *skipped), causes=(cause,))

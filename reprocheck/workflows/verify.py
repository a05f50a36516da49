"""`verify`: look at the machine, rerun the record's workloads as recorded, and judge whether the bits came again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.records import Record
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.drills import NO_STEP, Drills, refuse_idle_drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.record_reader import parse_record
from reprocheck.numerics.rerun import RerunOptions, perform_runs
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.record import Tell, lock_beside


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """Which record to check in which Python; device and threads are the record's unless given."""

    path: Path
    python: Path
    device: str | None = None
    threads: int | None = None
    drills: Drills


def verify(request: VerifyRequest, tell: Tell) -> Verdict:
    """Return the verdict on the record at `request.path`.

    Raises:
        InputError: no such record, or a broken one.
        UsageError: a drill that touches no run.
        UndecidedError: the worker crashed or did not end in time.
    """
    recorded = read_record(request.path)
    refuse_idle_drills(request.drills, [run.plan for run in recorded.runs])
    tell("reading the machine")
    fingerprint = collect_fingerprint(request.python)
    plans = [request.drills.planted(run.plan) for run in recorded.runs]
    runs = perform_runs(plans, _options(recorded, request), tell)
    return judge(recorded, Seen(fingerprint=fingerprint, lock=lock_beside(request.path), runs=runs), request.drills)


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
            where=path.as_posix(),
            why=(error.strerror or type(error).__name__).lower(),
            how="make one with `reprocheck record`, or give its path",
        ) from error
    return parse_record(data, path.as_posix())


def _options(recorded: Record, request: VerifyRequest) -> RerunOptions:
    drills = request.drills
    return RerunOptions(
        python=request.python,
        device=request.device or recorded.device,
        threads=drills.threads or request.threads or recorded.threads,
        drop_sync=NO_STEP if drills.drop_sync is None else drills.drop_sync,
    )

"""`verify`: look at the machine, rerun the record's workloads as recorded, and judge whether the bits came again.

`verify --predict` reruns nothing: it replays the operations of the record on hashed inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.background import Background
from reprocheck.errors import InputError, UsageError, system_reason
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.model.predictions import Prediction
from reprocheck.model.records import Record
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.drills import NO_STEP, Drills, refuse_idle_drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.prediction import predict
from reprocheck.numerics.quick import first_steps
from reprocheck.numerics.record_reader import LARGEST_RECORD_BYTES, parse_record
from reprocheck.numerics.replayed_operations import recorded_texts
from reprocheck.numerics.rerun import RerunOptions, Shortage, perform_runs, replay_runs
from reprocheck.numerics.runs import plan_runs
from reprocheck.numerics.world_sizes import runs_on
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.measurements import measure_as_recorded
from reprocheck.workflows.prefix_check import prefix_check
from reprocheck.workflows.record import Tell, lock_beside
from reprocheck.workflows.record_kinds import refuse_command


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """Which record to check in which Python; device and threads are the record's unless given.

    `workloads` are the names of the recorded runs to repeat; empty means all of them. `quick` repeats the first steps.
    `world_size` runs on another number of ranks than recorded, which only an envelope can judge.
    """

    path: Path
    python: Path
    device: str | None = None
    threads: int | None = None
    workloads: tuple[str, ...] = ()
    quick: bool = False
    world_size: int | None = None
    drills: Drills


def verify(request: VerifyRequest, tell: Tell) -> Verdict:
    """Return the verdict on the record at `request.path`.

    Raises:
        InputError: no such record, or a broken one.
        UsageError: a drill that touches no run, or a workload that was not recorded.
        UndecidedError: the worker crashed or did not end in time.
    """
    whole = read_record(request.path)
    refuse_command(whole, request.path)
    named = recorded_runs_named(whole, request.workloads)
    if request.world_size:
        named = runs_on(named, request.world_size)
    recorded = first_steps(named) if request.quick else named
    refuse_idle_drills(request.drills, [run.plan for run in recorded.runs])
    require_interpreter(request.python)
    fingerprint = Background(lambda: collect_fingerprint(request.python))
    plans = [request.drills.planted(run.plan) for run in recorded.runs]
    runs = perform_runs(plans, _options(recorded, request), tell)
    tell("looking at the environment and at what this machine computes")
    seen = Seen(
        fingerprint=fingerprint.result(),
        lock=lock_beside(request.path),
        runs=runs,
        measured=_measured(recorded, request),
        looked_at=(prefix_check(request.path.parent, request.python, recorded.lock),),
    )
    left_out = tuple(run.plan.name for run in whole.runs if run not in named.runs)
    return replace(judge(recorded, seen, request.drills), left_out=left_out)


def _measured(recorded: Record, request: VerifyRequest) -> NumericFingerprint | None:
    """Return what this machine computes, where the record says what its own did."""
    if recorded.measured is None:
        return None
    return measure_as_recorded(request.python, request.drills.threads or request.threads or recorded.threads)


def predict_rerun(request: VerifyRequest, tell: Tell) -> Prediction:
    """Return what is to be expected of a rerun, from the operations in the record at `request.path` alone.

    Raises:
        InputError: no such record, or a broken one.
        UsageError: a drill, which plants its fault in a rerun, or a workload that was not recorded.
        UndecidedError: the worker crashed or did not end in time.
    """
    if request.drills.texts:
        raise UsageError(
            "`--predict` reruns nothing that a fault could be planted in",
            where="--drill",
            why="a drill changes the rerun",
            how="leave out `--predict` or `--drill`; another number of threads is `--threads`",
        )
    whole = read_record(request.path)
    refuse_command(whole, request.path)
    recorded = recorded_runs_named(whole, request.workloads)
    require_interpreter(request.python)
    options = _options(recorded, request)
    runs = [run for run in recorded.runs if not run.unsupported]
    if options.replay is None:
        return predict(runs, [None] * len(runs))
    seen = replay_runs([run.plan for run in runs], options, tell)
    if isinstance(seen, Shortage):
        return predict(runs, [None] * len(runs), f"{seen.what}: {seen.why}")
    return predict(runs, seen)


def recorded_runs_named(record: Record, names: tuple[str, ...]) -> Record:
    """Return the record with the named runs only, all of them without a name.

    Raises:
        UsageError: a name that is no run, or a run that was not recorded.
    """
    known = [run.plan.name for run in record.runs]
    wanted = [plan.name for plan in plan_runs(names, seed=0, steps=1)] if names else known
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"`{name}` was not recorded",
                where="--workload",
                why=f"the record holds {', '.join(known)}",
                how="name one of them, or record it first",
            )
    return replace(record, runs=tuple(run for run in record.runs if run.plan.name in wanted))


def read_record(path: Path) -> Record:
    """Return the record in the file `path`.

    Raises:
        InputError: no such file, or not a record of ours.
    """
    try:
        with path.open("rb") as stream:  # never more than the reader takes: a path may be a device without an end
            data = stream.read(LARGEST_RECORD_BYTES + 1)
    except OSError as error:
        raise InputError(
            "cannot read the record",
            where=path.as_posix(),
            why=system_reason(error),
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
        replay=None if drills.texts or request.world_size else recorded_texts(recorded.runs),
        world_size=request.world_size,
        sketch=any(run.envelope for run in recorded.runs),
    )

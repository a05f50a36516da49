"""`verify RECORD -- COMMAND`: run a recorded training again, and judge whether its bits came again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.errors import UndecidedError
from reprocheck.machine.watched_process import require_watchable
from reprocheck.model.counting import counted
from reprocheck.model.json_documents import Json
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.drills import Drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.quick import first_steps
from reprocheck.numerics.rerun import Shortage
from reprocheck.numerics.watched_judgement import RerunUntil, judge_command
from reprocheck.numerics.watched_runs import DENSE, WatchCommand, Watched, watch
from reprocheck.workflows.command_fingerprint import CommandFingerprint
from reprocheck.workflows.measurements import measure_as_recorded
from reprocheck.workflows.prefix_check import prefix_check
from reprocheck.workflows.record import Tell, lock_beside
from reprocheck.workflows.record_kinds import require_command
from reprocheck.workflows.verify import read_record


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyCommandRequest:
    """Which record to check by which command; `python` and `timeout_s` as in `record_command`."""

    path: Path
    words: tuple[str, ...]
    python: Path | None = None
    timeout_s: float = math.inf
    quick: bool = False


def verify_command(request: VerifyCommandRequest, tell: Tell) -> Verdict:
    """Return the verdict on the record at `request.path`.

    Raises:
        InputError: no such record, or a broken one; the command is no program.
        UsageError: the record holds no command.
        UndecidedError: nobody knows which Python ran the command.
    """
    whole = read_record(request.path)
    program = require_command(whole, request.path)
    recorded = first_steps(whole) if request.quick else whole
    require_watchable(request.words)
    fingerprint = CommandFingerprint(request.words, request.python)
    steps = len(recorded.runs[0].steps)
    until = None if program.complete and not request.quick else steps - 1
    is_sketched = recorded.runs[0].envelope is not None
    watched = watch(
        WatchCommand(words=request.words, until=until, timeout_s=request.timeout_s, sketch=is_sketched), tell
    )
    document, python = _of_python(fingerprint, watched)
    measured = measure_as_recorded(python, recorded.threads) if recorded.measured and watched.run else None
    seen = Seen(
        fingerprint=document,
        lock=lock_beside(request.path),
        runs=(),
        measured=measured,
        looked_at=(prefix_check(request.path.parent, python, recorded.lock),),
    )
    return replace(
        judge_watched(recorded, seen, watched, rerunning(request.words, request.timeout_s, tell)), prediction=None
    )


def rerunning(words: tuple[str, ...], timeout_s: float, tell: Tell) -> RerunUntil:
    """Return how to run the command once more up to a step, told in full; the step before shows what moved between."""

    def rerun(step: int) -> Run | None:
        dense = (*DENSE, *range(max(0, step - 1), step + 1))
        command = WatchCommand(words=words, dense=dense, until=step, timeout_s=timeout_s)
        tell(f"running once more up to step {step}")
        return watch(command, tell).run

    return rerun


def _of_python(fingerprint: CommandFingerprint, watched: Watched) -> tuple[Mapping[str, Json], Path]:
    """Return the fingerprint and its Python; where that is not known of a command that failed, the failure matters."""
    try:
        return fingerprint.result(watched.python)
    except UndecidedError as unknown:
        raise watched.fault or unknown from unknown


def judge_watched(recorded: Record, seen: Seen, watched: Watched, rerun_until: RerunUntil = lambda _: None) -> Verdict:
    """Judge what was seen; a run that broke off is held against the steps that it came to.

    A difference found there stands. If there is none, nobody knows what the steps behind would have been.
    """
    run, reference, fault = watched.run, recorded.runs[0], watched.fault
    if run is not None and run.plan.world_size != reference.plan.world_size:
        return judge(recorded, replace(seen, runs=_other_ranks(run, reference)), Drills())
    if run is not None and fault is None:
        return judge_command(recorded, replace(seen, runs=(run,)), rerun_until)
    if run is not None:
        count = min(len(run.steps), len(reference.steps))
        begun = judge_command(first_steps(recorded, count), replace(seen, runs=(_first(run, count),)), rerun_until)
        if begun.outcome == "not-reproduced":
            return begun
    return judge(recorded, replace(seen, runs=_broken_off(run, fault)), Drills())


def _first(run: Run, count: int) -> Run:
    return replace(run, plan=replace(run.plan, step_count=count), steps=run.steps[:count])


def _other_ranks(run: Run, reference: Run) -> Shortage:
    there, here = counted(reference.plan.world_size, "rank"), counted(run.plan.world_size, "rank")
    return Shortage(
        what=f"the record was made on {there}, and this run on {here}",
        why="another number of ranks computes other numbers",
        how=f"start the command on {there}, or record it anew",
    )


def _broken_off(run: Run | None, fault: UndecidedError | None) -> Shortage:
    fault = fault or UndecidedError("nothing was seen of the command")
    steps = f"; the {len(run.steps)} steps before were as recorded" if run and run.steps else ""
    return Shortage(what=fault.what + steps, why=fault.why, how=fault.how)

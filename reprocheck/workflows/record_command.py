"""`record -- COMMAND`: watch a user's own training to its end, and write down its bits, whole or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.atomic_write import require_writable, write_whole
from reprocheck.errors import UndecidedError
from reprocheck.machine.watched_process import COMMAND_PLACE, require_watchable
from reprocheck.model.json_documents import dump_record
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import Record, Run
from reprocheck.numerics.ensembles import enveloped
from reprocheck.numerics.record_reader import LARGEST_RECORD_BYTES
from reprocheck.numerics.watched_runs import WatchCommand, Watched, watch
from reprocheck.workflows.command_fingerprint import CommandFingerprint
from reprocheck.workflows.measurements import measure_as_recorded
from reprocheck.workflows.record import Tell, device_of, lock_beside


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCommandRequest:
    """Which command to record, and where to write it.

    `python` is the interpreter whose packages go into the record; None takes that which the command runs. `steps` ends
    the command behind so many optimizer steps; None lets it run to its end. `members` runs more, each with
    first weights moved by one ULP, measure how far honest reruns lie apart.
    """

    words: tuple[str, ...]
    output: Path
    python: Path | None = None
    steps: int | None = None
    timeout_s: float = math.inf
    probes: bool = True
    members: int = 0


def record_command(request: RecordCommandRequest, tell: Tell) -> Record:
    """Run the command, and write the record of it; an older record stays until the new one is whole.

    Raises:
        InputError: the command is no program, or its Python none that can be looked into.
        UndecidedError: it failed, made no optimizer step, or there is no place to write.
    """
    require_writable(request.output)
    require_watchable(request.words)
    fingerprint = CommandFingerprint(request.words, request.python)
    until = None if request.steps is None else request.steps - 1
    command = WatchCommand(words=request.words, until=until, timeout_s=request.timeout_s, sketch=request.members > 0)
    watched = watch(command, tell)
    run = whole_run(watched)
    if request.members:
        run = with_envelope(run, command, request.members, tell)
    return write_watched(run, request, fingerprint, watched.python)


def with_envelope(run: Run, command: WatchCommand, members: int, tell: Tell) -> Run:
    """Run the command `members` times more, perturbed, and return `run` with the envelope of these.

    Raises:
        UndecidedError: it failed, or took another number of steps.
    """
    varied = []
    for member in range(1, members + 1):
        tell(f"perturbed run {member} of {members}")
        varied.append(whole_run(watch(replace(command, perturb=member, dense=()), tell)))
    made = enveloped(run, varied, members)
    if made.envelope is None:
        raise UndecidedError(
            "the training takes another way each time",
            where=COMMAND_PLACE,
            why="moved by one ULP it takes another number of steps, or scales its loss otherwise from the first on",
            how="record it without `--envelope`",
        )
    return made


def whole_run(watched: Watched) -> Run:
    """Return the run of a command that ended well.

    Raises:
        UndecidedError: it did not.
    """
    if watched.run is None or watched.fault:
        raise watched.fault or UndecidedError("nothing was seen of the command", where=COMMAND_PLACE)
    return watched.run


def write_watched(
    run: Run, request: RecordCommandRequest, fingerprint: CommandFingerprint, python: Path | None
) -> Record:
    """Write the record of a run that ended well; `python` is what the run itself said of its interpreter.

    Raises:
        UndecidedError: the Python is not known, the record would be too large, or there is no place for it.
    """
    document, asked = fingerprint.result(python)
    threads = run.in_force["threads"]
    count = threads if isinstance(threads, int) else 1
    made = Record(
        fingerprint=document,
        lock=lock_beside(request.output),
        device=device_of((run,)),
        threads=count,
        runs=(run,),
        measured=measure_as_recorded(asked, count) if request.probes else None,
    )
    data = dump_record(record_document(made)).encode("utf-8")
    if len(data) > LARGEST_RECORD_BYTES:
        raise _too_large(run)
    write_whole(request.output, data)
    return made


def _too_large(run: Run) -> UndecidedError:
    return UndecidedError(
        "the training tells more than a record holds",
        where=COMMAND_PLACE,
        why=f"{len(run.steps)} steps of {len(run.tensors)} tensors take over {LARGEST_RECORD_BYTES // 2**20} MiB",
        how="record its first steps with `--steps N`",
    )

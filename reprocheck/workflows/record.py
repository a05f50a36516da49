"""`record`: fingerprint this machine, run the reference workloads, and write both down, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.atomic_write import require_writable, write_whole
from reprocheck.background import Background
from reprocheck.errors import UndecidedError, system_reason
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.envelopes import DEFAULT_MEMBERS
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json, dump_record
from reprocheck.model.record_documents import record_document
from reprocheck.model.records import Record, Run, RunPlan
from reprocheck.model.settings import DEFAULT_LOCK
from reprocheck.numerics.ensembles import with_envelopes
from reprocheck.numerics.replayed_operations import own_operations
from reprocheck.numerics.rerun import RerunOptions, Shortage, perform_runs
from reprocheck.numerics.twins import with_resumption
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.measurements import measure_as_recorded

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """What to record, in which Python, and where to write it; `device` may be `auto`.

    With `probes` it is also measured what the machine computes, whatever is trained; with `times` how long steps take.
    `members` are the perturbed runs of each envelope, 0 for no envelope.
    """

    python: Path
    plans: tuple[RunPlan, ...]
    device: str
    threads: int
    output: Path
    probes: bool = True
    times: bool = False
    members: int = DEFAULT_MEMBERS


def record(request: RecordRequest, tell: Tell) -> Record:
    """Make the record and write it; until the last moment an older record stays as it was.

    Raises:
        UndecidedError: no torch, no device, no run that this torch can do, or no place to write.
    """
    require_writable(request.output)
    require_interpreter(request.python)
    fingerprint = Background(lambda: collect_fingerprint(request.python))
    options = RerunOptions(
        python=request.python, device=request.device, threads=request.threads, replay={}, times=request.times
    )
    runs = _runs(perform_runs(request.plans, replace(options, sketch=request.members > 0), tell), request.python)
    if request.members:
        runs = with_envelopes(runs, request.members, options, tell)
    if request.probes:
        tell("measuring what this machine computes")
    made = Record(
        fingerprint=fingerprint.result(),
        lock=lock_beside(request.output),
        device=device_of(runs),
        threads=request.threads,
        runs=runs,
        measured=measure_as_recorded(request.python, request.threads) if request.probes else None,
    )
    write_whole(request.output, dump_record(record_document(made)).encode("utf-8"))
    return made


def device_of(runs: tuple[Run, ...]) -> str:
    """Return the kind of device that the runs report: `cuda` of `cuda: NVIDIA H200`."""
    return str(runs[0].in_force["device"]).partition(":")[0]


def lock_beside(path: Path) -> Mapping[str, Json]:
    """Return name and SHA-256 of the lock in the folder of `path`, or the status that there is none."""
    lock = path.absolute().parent / DEFAULT_LOCK
    try:
        return {"name": DEFAULT_LOCK, "sha256": hashlib.sha256(lock.read_bytes()).hexdigest()}
    except FileNotFoundError:
        return unread("missing", f"no `{DEFAULT_LOCK}` beside the record")
    except OSError as error:
        return unread("error", system_reason(error))


def _runs(outcome: tuple[Run, ...] | Shortage, python: Path) -> tuple[Run, ...]:
    if isinstance(outcome, Shortage):
        raise UndecidedError(outcome.what, where=python.as_posix(), why=outcome.why, how=outcome.how)
    if any(run.steps for run in outcome):
        own = [replace(run, operations=run.operations and own_operations(run.operations)) for run in outcome]
        return with_resumption(own)
    raise UndecidedError(
        "this torch can do none of the runs",
        where=", ".join(run.plan.name for run in outcome),
        why=outcome[0].unsupported,
        how="choose another precision by `--workload`, or another Python by `--python`",
    )

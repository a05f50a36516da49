"""`record`: fingerprint this machine, run the reference workloads, and write both down, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reprocheck.atomic_write import write_whole
from reprocheck.errors import UndecidedError
from reprocheck.model.fingerprints import value_at
from reprocheck.model.json_documents import Json, dump_document
from reprocheck.model.records import Record, RunPlan, record_document
from reprocheck.numerics.rerun import RerunOptions, perform_runs
from reprocheck.workflows.fingerprint import collect_fingerprint

Tell = Callable[[str], None]
Fingerprinter = Callable[[Path], Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """What to record, in which Python, and where to write it; `device` may be `auto`."""

    python: Path
    plans: tuple[RunPlan, ...]
    device: str
    threads: int
    output: Path


def record(request: RecordRequest, tell: Tell, fingerprint: Fingerprinter | None = None) -> Record:
    """Make the record and write it; until the last moment an older record stays as it was.

    Raises:
        UndecidedError: no torch, no device, no run that this torch can do, or no place to write.
    """
    tell("reading the machine")
    document = (fingerprint or collect_fingerprint)(request.python)
    device = chosen_device(request.device, document)
    options = RerunOptions(python=request.python, device=device, threads=request.threads)
    made = Record(
        fingerprint=document,
        lock=lock_digest(request.output.absolute().parent / "conda-lock.yml"),
        device=device,
        threads=request.threads,
        runs=perform_runs(request.plans, options, tell),
    )
    _refuse_empty(made)
    write_whole(request.output, dump_document(record_document(made)).encode("utf-8"))
    return made


def chosen_device(asked: str, fingerprint: Mapping[str, Json]) -> str:
    """Return the device to run on: `auto` is CUDA where torch sees a device, else the CPU."""
    if asked != "auto":
        return asked
    sees_cuda = value_at(fingerprint, "runtime", "flags", "devices", "cuda") is True
    return "cuda" if sees_cuda else "cpu"


def lock_digest(path: Path) -> Mapping[str, Json]:
    """Return name and SHA-256 of the lock beside the record, or the status that there is none."""
    try:
        return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    except FileNotFoundError:
        return {"status": "missing", "detail": f"no `{path.name}` beside the record"}
    except OSError as error:
        return {"status": "error", "detail": (error.strerror or type(error).__name__).lower()}


def _refuse_empty(made: Record) -> None:
    if any(run.steps for run in made.runs):
        return
    raise UndecidedError(
        "this torch can do none of the runs",
        where=", ".join(run.plan.name for run in made.runs),
        why=made.runs[0].unsupported,
        how="choose another precision by `--workload`, or another Python by `--python`",
    )

"""The record `reprocheck/record/1`: reference runs, step by step, and the machine that made them.

Every measured number is the C99 hex float it was. A *mark* stands for a tensor: `digest:bits`, the leading
64 bits of a SHA-256 over dtype, shape and bytes, and the bits of up to eight sampled elements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprocheck.model.json_documents import Json
from reprocheck.model.operations import (
    OperationDigest,
    RunOperations,
    operations_document,
    operations_table,
)
from reprocheck.model.step_notes import StepNotes, WatchedProgram

RECORD_SCHEMA = "reprocheck/record/1"
SNIFFED_BYTES = 4096
AS_RANK_0 = "as rank 0"
COMMAND = "command"  # the workload of a user's own training
NO_MARK = "-"


def looks_like_record(data: bytes) -> bool:
    """Say whether a document names the schema of a record at its beginning, where ours stands."""
    return RECORD_SCHEMA.encode() in data[:SNIFFED_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What makes a reference run what it is; `learning_rate` and `first_scale` are hex floats.

    `revision` counts changes of the worker's models and data: runs of different revisions do not compare.
    """

    workload: str
    dtype: str
    world_size: int
    seed: int
    step_count: int
    learning_rate: str
    first_scale: str
    revision: int

    @property
    def name(self) -> str:
        """Return `transformer:fp32`, with `:2` behind it for two ranks."""
        return f"{self.workload}:{self.dtype}" + (f":{self.world_size}" if self.world_size > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A parameter or buffer; `dtype` as torch prints it."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankStep:
    """One optimizer step as one rank saw it.

    `gradients` after unscaling and before clipping, `gradient_norm` before clipping, `parameters` (and
    buffers) after the step; `loss_scale` is the one that this step's loss was multiplied by. A tensor that a step has
    nothing of has the mark `NO_MARK`. `notes` are those of a user's own training, None for the workloads.
    """

    data: str
    loss: str
    loss_scale: str
    gradients: tuple[str, ...]
    gradient_norm: str
    learning_rate: str
    skipped: bool
    parameters: tuple[str, ...]
    notes: StepNotes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A reference run: `initial[rank]` marks the first parameters, `steps[step][rank]` what followed.

    `unsupported` says why this torch could not do the run; it is empty for a run that was done.
    `in_force` are the settings that torch reported back; `operations` is None where nobody looked at them,
    `program` tells of a user's own training and is None for the workloads.
    """

    plan: RunPlan
    in_force: Mapping[str, Json]
    unsupported: str = ""
    tensors: tuple[TensorSpec, ...] = ()
    initial: tuple[tuple[str, ...], ...] = ()
    steps: tuple[tuple[RankStep, ...], ...] = ()
    operations: RunOperations | None = None
    program: WatchedProgram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The whole record; `device` and `threads` are what was asked for."""

    fingerprint: Mapping[str, Json]
    lock: Mapping[str, Json]
    device: str
    threads: int
    runs: tuple[Run, ...]


def record_document(record: Record) -> Mapping[str, Json]:
    """Return `record` as its JSON document."""
    table = operations_table([run.operations for run in record.runs])
    places = {digest: place for place, digest in enumerate(table)}
    operations: Mapping[str, Json] = (
        {"operations": [f"{digest.outcome} {digest.text}" for digest in table]} if table else {}
    )
    return {
        "schema": RECORD_SCHEMA,
        "fingerprint": record.fingerprint,
        "lock": record.lock,
        "probes": [],
        "settings": {"device": record.device, "threads": record.threads},
        "runs": [_run(run, places) for run in record.runs],
        **operations,
    }


def decimal_of(hex_float: str) -> str:
    """Return a hex float as a decimal that people read."""
    return format(float.fromhex(hex_float), ".9g")


def _run(run: Run, places: Mapping[OperationDigest, int]) -> Mapping[str, Json]:
    plan = run.plan
    head: dict[str, Json] = {
        "workload": plan.workload,
        "dtype": plan.dtype,
        "world_size": plan.world_size,
        "seed": plan.seed,
        "step_count": plan.step_count,
        "learning_rate": plan.learning_rate,
        "first_scale": plan.first_scale,
        "revision": plan.revision,
    }
    if run.unsupported:
        return {**head, "status": "unsupported", "detail": run.unsupported}
    if run.operations:
        head["operations"] = operations_document(run.operations, places)
    return {
        **head,
        "status": "recorded",
        "in_force": run.in_force,
        "tensors": [{"name": t.name, "dtype": t.dtype, "shape": t.shape} for t in run.tensors],
        "initial": [_marks(run.initial, rank) for rank in range(len(run.initial))],
        "steps": [
            {"step": number, "ranks": [_rank_step(step, rank) for rank in range(len(step))]}
            for number, step in enumerate(run.steps)
        ],
    }


def _rank_step(step: Sequence[RankStep], rank: int) -> Mapping[str, Json]:
    seen = step[rank]
    return {
        "data": seen.data,
        "loss": _measured(seen.loss),
        "loss_scale": seen.loss_scale,
        "gradients": _marks([one.gradients for one in step], rank),
        "gradient_norm": _measured(seen.gradient_norm),
        "learning_rate": seen.learning_rate,
        "skipped": seen.skipped,
        "parameters": _marks([one.parameters for one in step], rank),
    }


def _measured(hex_float: str) -> Mapping[str, Json]:
    return {"hex": hex_float, "decimal": decimal_of(hex_float)}


def _marks(of_ranks: Sequence[tuple[str, ...]], rank: int) -> Json:
    """Return the marks, or a reference where a later rank holds the same as the first: ranks mostly agree."""
    return AS_RANK_0 if rank and of_ranks[rank] == of_ranks[0] else of_ranks[rank]

"""The record `reprocheck/record/1`: reference runs, step by step, and the machine that made them.

Every measured number is the C99 hex float it was. A *mark* stands for a tensor: `digest:bits`, the leading
64 bits of a SHA-256 over dtype, shape and bytes, and the bits of up to eight sampled elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprocheck.model.envelopes import Envelope
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.model.operations import RunOperations
from reprocheck.model.optimizer_updates import RunUpdates
from reprocheck.model.run_times import RunTimes
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
    `sketches` are the projections of each gradient (`worker.sketches`), empty where nobody asked for them; one
    without members belongs to a tensor that the step has no gradient of.
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
    sketches: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A reference run: `initial[rank]` marks the first parameters, `steps[step][rank]` what followed.

    `unsupported` says why this torch could not do the run; it is empty for a run that was done.
    `in_force` are the settings that torch reported back; `operations` is None where nobody looked at them,
    `program` tells of a user's own training and is None for the workloads. `envelope` says how far honest reruns lie
    apart, None where nobody measured it. `updates` are those of the optimizer on hashed numbers, None for a user's own
    training; `times` are there where somebody asked for them. `resumed` says how a run that was stopped and resumed
    lies to one without a stop, empty for all others.
    """

    plan: RunPlan
    in_force: Mapping[str, Json]
    unsupported: str = ""
    tensors: tuple[TensorSpec, ...] = ()
    initial: tuple[tuple[str, ...], ...] = ()
    steps: tuple[tuple[RankStep, ...], ...] = ()
    operations: RunOperations | None = None
    program: WatchedProgram | None = None
    envelope: Envelope | None = None
    updates: RunUpdates | None = None
    times: RunTimes | None = None
    resumed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The whole record; `device` and `threads` are what was asked for.

    `measured` is what the machine computed, abridged; None where nobody measured it.
    """

    fingerprint: Mapping[str, Json]
    lock: Mapping[str, Json]
    device: str
    threads: int
    runs: tuple[Run, ...]
    measured: NumericFingerprint | None = None


def decimal_of(hex_float: str) -> str:
    """Return a hex float as a decimal that people read."""
    return format(float.fromhex(hex_float), ".9g")

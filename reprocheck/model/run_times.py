"""How long a step took and how much memory it held: told where somebody asked, never part of a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reprocheck.model.json_documents import Json

Memory = Literal["allocated", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimes:
    """The median step of the slowest rank in nanoseconds, and the largest peak of a rank in bytes.

    The peak is what torch's allocator gave out on a GPU (`allocated`); on a CPU, where torch counts nothing, it is what
    parameters, gradients, optimizer and the tensors kept for the backward pass hold (`held`).
    """

    step_ns: int
    peak_bytes: int
    memory: Memory


def times_document(times: RunTimes) -> Mapping[str, Json]:
    """Return the times as a member of their run's document."""
    return {"step_ns": times.step_ns, "peak_bytes": times.peak_bytes, "memory": times.memory}

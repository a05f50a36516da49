"""Step time and peak memory of a run: the run is trained once more, without marks of tensors.

The clock and the counter see what a user's own loop would do. On a GPU the peak is the allocator's; torch counts no
memory of a CPU, so there it is what the training must hold: parameters, gradients, the state of the optimizer, and
what the forward pass keeps for the backward pass, where mixed precision saves.
"""

from __future__ import annotations

import time
from typing import Any, Dict, List

import torch

from .placement import Place
from .run import Training, build, take_step


def timed(run: Dict[str, Any], place: Place) -> Dict[str, Any]:
    """Return the nanoseconds of each step, and the largest memory in bytes.

    Raises:
        Unsupported: this torch cannot do the run.
    """
    training = build({**run, "marks": False}, place)
    kept = _Kept(training)
    if place.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(place.device)
    with torch.autograd.graph.saved_tensors_hooks(kept.keep, _given_back):
        take_step(training, 0)
    steps_ns = [_step_ns(training, step) for step in range(1, run["steps"])]
    training.feed.close()
    if place.device.type == "cuda":
        peak_bytes, memory = torch.cuda.max_memory_allocated(place.device), "allocated"
    else:
        peak_bytes, memory = kept.peak_bytes + _standing_bytes(training), "held"
    return {"steps_ns": steps_ns, "peak_bytes": peak_bytes, "memory": memory}


def _step_ns(training: Training, step: int) -> int:
    _wait(training.place)
    begin_ns = time.perf_counter_ns()
    take_step(training, step)
    _wait(training.place)
    return time.perf_counter_ns() - begin_ns


def _wait(place: Place) -> None:
    if place.device.type == "cuda":
        torch.cuda.synchronize(place.device)


def _standing_bytes(training: Training) -> int:
    """Return what parameters, buffers, gradients and optimizer hold from step to step."""
    parameters = list(training.bare.parameters())
    gradients = [p.grad for p in parameters if p.grad is not None]
    state = [v for kept in training.optimizer.state.values() for v in kept.values() if isinstance(v, torch.Tensor)]
    tensors: List[torch.Tensor] = [*parameters, *training.bare.buffers(), *gradients, *state]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class _Kept:
    """Counts the bytes that the forward pass keeps for the backward pass, a memory that is kept twice once."""

    def __init__(self, training: Training) -> None:
        self.peak_bytes = 0
        self._counts = {_address(p): 1 for p in training.bare.parameters()}  # they are counted elsewhere
        self._held_bytes = 0

    def keep(self, tensor: torch.Tensor) -> "_Keeping":
        """Take a tensor that is kept, and count it until it is let go."""
        return _Keeping(self, tensor)

    def add(self, address: int, size_bytes: int) -> None:
        """Count one more tensor in the memory at `address`."""
        if not self._counts.get(address):
            self._held_bytes += size_bytes
            self.peak_bytes = max(self.peak_bytes, self._held_bytes)
        self._counts[address] = self._counts.get(address, 0) + 1

    def take_away(self, address: int, size_bytes: int) -> None:
        """Count one tensor less."""
        self._counts[address] -= 1
        if not self._counts[address]:
            self._held_bytes -= size_bytes


class _Keeping:
    def __init__(self, kept: _Kept, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self._kept = kept
        self._place = (_address(tensor), tensor.untyped_storage().nbytes())
        kept.add(*self._place)

    def __del__(self) -> None:
        self._kept.take_away(*self._place)


def _given_back(keeping: _Keeping) -> torch.Tensor:
    return keeping.tensor


def _address(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()

"""One reference run: build, train step by step, and tell each step.

Legend: see `models`; gradients are marked after unscaling and before clipping, parameters after the step.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import Any, ContextManager, Dict, List, Tuple

import torch
from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from . import checkpoint
from .digests import Marker, digest_of
from .feeding import Batch, Feed
from .lines import Emit
from .models import fill_from_hash, start_dropout
from .optimizer_replay import replayed_updates
from .perturbation import flip_one_bit, perturb
from .placement import Place
from .precision import Precision, Unsupported
from .sketches import sketch
from .workloads import micro_batches, optimizer_of, parted, samples_and_model

WARM_UP_STEPS = 4
CLIP_NORM = 1.0
SAMPLED_STEPS = (0, 10, 100)  # where other platforms part first, and few more: samples are most of a record
# What torch says of an operation that it lacks for a precision, or has only in a form that races.
MISSING_OPERATION = ("not implemented for", "does not have a deterministic implementation")


@dataclass
class Training:
    """What one run works with."""

    run: Dict[str, Any]
    place: Place
    feed: Feed
    bare: nn.Module
    model: nn.Module
    optimizer: torch.optim.Optimizer
    precision: Precision
    marker: Marker


def perform(run: Dict[str, Any], place: Place, emit: Emit) -> None:
    """Train `run["steps"]` steps and emit the start and each step.

    Raises:
        Unsupported: an operation is missing here, or the devices are too few.
    """
    if place.shortage:
        raise Unsupported(place.shortage)
    try:
        training = build(run, place)
        emit({"kind": "start", **_start(training)})
        for step in range(run["steps"]):
            told = take_step(training, step)
            emit({"kind": "step", "step": step, **told, **_updates(training, step)})
        training.feed.close()
    except (NotImplementedError, RuntimeError) as error:
        if any(words in str(error) for words in MISSING_OPERATION):
            raise Unsupported(str(error).splitlines()[0]) from error
        raise


def build(run: Dict[str, Any], place: Place) -> Training:
    """Return all that the run works with, at its beginning.

    Raises:
        Unsupported: this torch has no loss scale for the device.
    """
    samples, bare = samples_and_model(run["workload"], run["seed"])
    fill_from_hash(bare, run["seed"])
    _move(run, bare)
    start_dropout(bare, run["seed"], place, run.get("recorded_ranks", 0))
    bare.to(place.device)
    return Training(
        run=run,
        place=place,
        feed=Feed(samples, place, run["seed"], with_workers="loader" in parted(run["workload"])[1]),
        bare=bare,
        model=_spread(bare, place),
        optimizer=optimizer_of(run["workload"], bare, float.fromhex(run["learning_rate"])),
        precision=Precision(run["dtype"], float.fromhex(run["first_scale"]), place.device),
        marker=Marker(),
    )


def _move(run: Dict[str, Any], bare: nn.Module) -> None:
    """Move the first weights as a member of the envelope, or flip one bit of them as a planted fault."""
    if run.get("perturb"):
        perturb(torch, dict(bare.named_parameters()), run["perturb"])
    if run.get("flip") is not None:
        flip_one_bit(torch, dict(bare.named_parameters()), run["flip"])


def _spread(bare: nn.Module, place: Place) -> nn.Module:
    if place.world_size == 1:
        return bare
    return DistributedDataParallel(bare, device_ids=[place.device] if place.device.type == "cuda" else None)


def _start(training: Training) -> Dict[str, Any]:
    tensors = [{"name": name, "dtype": str(t.dtype), "shape": list(t.shape)} for name, t in _state(training)]
    return {"tensors": tensors, "parameters": _marks(training, _state(training))}


def take_step(training: Training, step: int) -> Dict[str, Any]:
    """Train one step, and return what the record holds of it; a workload that resumes may be built anew before it.

    Raises:
        Unsupported: the workers of a data loader cannot be started.
    """
    pieces = parted(training.run["workload"])[1]
    if "resume" in pieces and step == checkpoint.STOP_BEFORE_STEP:
        _start_again(training)
    inputs, targets = training.feed.batch()
    rate = _set_learning_rate(training, step)
    scale = training.precision.scale()
    loss = _forward_backward(training, step, (inputs, targets))
    gradients = _marks(training, _gradients(training), is_sampled=step in SAMPLED_STEPS)
    sketches = _sketches(training)
    norm = nn.utils.clip_grad_norm_(training.bare.parameters(), math.inf if "unclipped" in pieces else CLIP_NORM)
    skipped = training.precision.step(training.optimizer)
    return {
        "data": digest_of(inputs) + digest_of(targets),
        "loss": float(loss).hex(),
        "loss_scale": scale.hex(),
        "gradients": gradients,
        "gradient_norm": float(norm).hex(),
        "learning_rate": rate.hex(),
        "skipped": skipped,
        "parameters": _marks(training, _state(training), is_sampled=step in SAMPLED_STEPS),
        **sketches,
    }


def _updates(training: Training, step: int) -> Dict[str, Any]:
    """Return what the optimizer does to hashed numbers: in the first step, at the full rate, and in the last step."""
    is_told = training.place.rank == 0 and training.run.get("marks", True)
    if not is_told or step not in (0, WARM_UP_STEPS - 1, training.run["steps"] - 1):
        return {}
    return {"updates": replayed_updates(training.optimizer)}


def _set_learning_rate(training: Training, step: int) -> float:
    rate = float.fromhex(training.run["learning_rate"]) * min(1.0, (step + 1) / WARM_UP_STEPS)
    for group in training.optimizer.param_groups:
        group["lr"] = rate
    return rate


def _start_again(training: Training) -> None:
    """Write a checkpoint, stop, build everything anew, and go on from the checkpoint."""
    written = checkpoint.saved(training)
    training.feed.close()
    fresh = build(training.run, training.place)
    checkpoint.restore(fresh, written)
    fresh.marker = training.marker  # it only looks on
    vars(training).update(vars(fresh))


def _forward_backward(training: Training, step: int, batch: Batch) -> torch.Tensor:
    """Leave the unscaled gradients of all micro-batches, and return their mean loss."""
    parts = micro_batches(training.run)
    training.optimizer.zero_grad(set_to_none=True)
    losses: List[torch.Tensor] = []
    for inputs, targets in zip(batch[0].chunk(parts), batch[1].chunk(parts)):
        is_last = len(losses) == parts - 1
        with _synchronisation(training, step, is_last=is_last):
            loss = _loss(training, inputs, targets)
            share = loss / parts if parts > 1 else loss
            training.precision.backward(share)
        losses.append(share.detach())
    training.precision.unscale(training.optimizer)
    return sum(losses[1:], losses[0])


def _loss(training: Training, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    device = training.place.device
    with training.precision.cast():
        logits = training.model(inputs.to(device))
        return functional.cross_entropy(logits.float(), targets.to(device).flatten())


def _synchronisation(training: Training, step: int, *, is_last: bool) -> ContextManager[Any]:
    """Leave out the all-reduce before the last micro-batch, and in the step that a drill names."""
    is_wanted = is_last and step != training.run["drop_sync"]
    if is_wanted or training.place.world_size == 1:
        return contextlib.nullcontext()
    return training.model.no_sync()  # type: ignore[operator, no-any-return]


def _state(training: Training) -> List[Tuple[str, torch.Tensor]]:
    return [*training.bare.named_parameters(), *training.bare.named_buffers()]


def _gradients(training: Training) -> List[Tuple[str, torch.Tensor]]:
    return [(name, p.grad) for name, p in training.bare.named_parameters() if p.grad is not None]


def _sketches(training: Training) -> Dict[str, Any]:
    if not training.run.get("sketch"):
        return {}
    return {"sketch": [[value.hex() for value in sketch(name, grad)] for name, grad in _gradients(training)]}


def _marks(training: Training, tensors: List[Tuple[str, torch.Tensor]], *, is_sampled: bool = True) -> List[str]:
    """Return the marks of `tensors`; none where nobody compares bits, as in a member of an envelope."""
    if not training.run.get("marks", True):
        return []
    return [training.marker.mark(name, tensor, is_sampled=is_sampled) for name, tensor in tensors]

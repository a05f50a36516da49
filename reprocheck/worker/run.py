"""One reference run: build, train step by step, and tell each step.

Legend: see `models`; gradients are marked after unscaling and before clipping, parameters after the step.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, ContextManager, Dict, Iterator, List, Tuple, cast

import torch
from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

from .data import Samples, image_samples, token_samples
from .digests import Marker, digest_of
from .lines import Emit
from .models import ConvNet, Transformer, fill_from_hash, start_dropout
from .placement import Place
from .precision import Precision, Unsupported

SAMPLES = 48
GLOBAL_BATCH = 8  # shared by the ranks: six steps an epoch, so that ten steps see `set_epoch` at work
WARM_UP_STEPS = 4
CLIP_NORM = 1.0
# What torch says of an operation that it lacks for a precision, or has only in a form that races.
MISSING_OPERATION = ("not implemented for", "does not have a deterministic implementation")


@dataclass
class Training:
    """What one run works with."""

    run: Dict[str, Any]
    place: Place
    samples: Samples
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
        for step, picked in zip(range(run["steps"]), picked_samples(training)):
            emit({"kind": "step", "step": step, **take_step(training, step, picked)})
    except (NotImplementedError, RuntimeError) as error:
        if any(words in str(error) for words in MISSING_OPERATION):
            raise Unsupported(str(error).splitlines()[0]) from error
        raise


def build(run: Dict[str, Any], place: Place) -> Training:
    """Return all that the run works with, at its beginning.

    Raises:
        Unsupported: this torch has no loss scale for the device.
    """
    samples, bare = _transformer(run) if run["workload"] == "transformer" else _convnet(run)
    fill_from_hash(bare, run["seed"])
    start_dropout(bare, run["seed"], place.rank)
    bare.to(place.device)
    return Training(
        run=run,
        place=place,
        samples=samples,
        bare=bare,
        model=_spread(bare, place),
        optimizer=_optimizer(run, bare),
        precision=Precision(run["dtype"], float.fromhex(run["first_scale"]), place.device),
        marker=Marker(),
    )


def _transformer(run: Dict[str, Any]) -> Tuple[Samples, nn.Module]:
    return token_samples(SAMPLES, run["seed"]), Transformer()


def _convnet(run: Dict[str, Any]) -> Tuple[Samples, nn.Module]:
    return image_samples(SAMPLES, run["seed"]), ConvNet()


def _spread(bare: nn.Module, place: Place) -> nn.Module:
    if place.world_size == 1:
        return bare
    return DistributedDataParallel(bare, device_ids=[place.device] if place.device.type == "cuda" else None)


def _optimizer(run: Dict[str, Any], bare: nn.Module) -> torch.optim.Optimizer:
    rate = float.fromhex(run["learning_rate"])
    if run["workload"] == "transformer":
        return torch.optim.AdamW(bare.parameters(), lr=rate, weight_decay=0.01)
    return torch.optim.SGD(bare.parameters(), lr=rate, momentum=0.9)


def picked_samples(training: Training) -> Iterator[List[int]]:
    """Yield the sample numbers of this rank, step after step, epoch after epoch."""
    ranks = training.place.world_size
    sampler: Any = DistributedSampler(
        cast(Any, training.samples), num_replicas=ranks, rank=training.place.rank, seed=training.run["seed"]
    )
    batch, epoch = GLOBAL_BATCH // ranks, 0
    while True:
        sampler.set_epoch(epoch)
        order = list(sampler)
        yield from (order[first : first + batch] for first in range(0, len(order) - batch + 1, batch))
        epoch += 1


def _start(training: Training) -> Dict[str, Any]:
    tensors = [{"name": name, "dtype": str(t.dtype), "shape": list(t.shape)} for name, t in _state(training)]
    return {"tensors": tensors, "parameters": _marks(training, _state(training))}


def take_step(training: Training, step: int, picked: List[int]) -> Dict[str, Any]:
    """Train one step on the `picked` samples, and return what the record holds of it."""
    inputs, targets = training.samples.inputs[picked], training.samples.targets[picked]
    rate = _set_learning_rate(training, step)
    scale = training.precision.scale()
    loss = _forward_backward(training, step, inputs, targets)
    gradients = _marks(training, _gradients(training))
    norm = nn.utils.clip_grad_norm_(training.bare.parameters(), CLIP_NORM)
    skipped = training.precision.step(training.optimizer)
    return {
        "data": digest_of(inputs) + digest_of(targets),
        "loss": float(loss).hex(),
        "loss_scale": scale.hex(),
        "gradients": gradients,
        "gradient_norm": float(norm).hex(),
        "learning_rate": rate.hex(),
        "skipped": skipped,
        "parameters": _marks(training, _state(training)),
    }


def _set_learning_rate(training: Training, step: int) -> float:
    rate = float.fromhex(training.run["learning_rate"]) * min(1.0, (step + 1) / WARM_UP_STEPS)
    for group in training.optimizer.param_groups:
        group["lr"] = rate
    return rate


def _forward_backward(training: Training, step: int, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    device = training.place.device
    training.optimizer.zero_grad(set_to_none=True)
    with _synchronisation(training, step):
        with training.precision.cast():
            logits = training.model(inputs.to(device))
            loss = functional.cross_entropy(logits.float(), targets.to(device).flatten())
        training.precision.backward(loss)
    training.precision.unscale(training.optimizer)
    return loss.detach()


def _synchronisation(training: Training, step: int) -> ContextManager[Any]:
    """Leave out the all-reduce in the step that a drill names; everywhere else do nothing."""
    if step != training.run["drop_sync"] or training.place.world_size == 1:
        return contextlib.nullcontext()
    return training.model.no_sync()  # type: ignore[operator, no-any-return]


def _state(training: Training) -> List[Tuple[str, torch.Tensor]]:
    return [*training.bare.named_parameters(), *training.bare.named_buffers()]


def _gradients(training: Training) -> List[Tuple[str, torch.Tensor]]:
    return [(name, p.grad) for name, p in training.bare.named_parameters() if p.grad is not None]


def _marks(training: Training, tensors: List[Tuple[str, torch.Tensor]]) -> List[str]:
    return [training.marker.mark(name, tensor) for name, tensor in tensors]

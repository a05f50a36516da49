"""Faults for `tests/envelope_table.py`: what people get wrong in a training, planted in a run of the worker.

Each patch takes the `Training` of `worker.run` before its first step and returns what is to be called before each step.
Nothing that the run tells of itself (learning rate, loss scale) is changed: only what it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from reprocheck.worker.models import start_dropout

BeforeStep = Callable[[int], None]
Patch = Callable[[Any], "BeforeStep | None"]
WARM_UP_STEPS = 4
SMOOTHING = 1e-3
MISSED_ZERO = "missing zero_grad"


def _rate(factor: float) -> Patch:
    def patch(training: Any) -> None:
        _before_update(training, lambda group, _: group["lr"] * factor)

    return patch


def _schedule_ahead(training: Any) -> None:
    full = float.fromhex(training.run["learning_rate"])
    _before_update(training, lambda _, step: full * min(1.0, (step + 2) / WARM_UP_STEPS))


def _before_update(training: Any, rate: Callable[[Any, int], float]) -> None:
    steps = iter(range(10**6))

    def hook(optimizer: Any, *_: object) -> None:
        step = next(steps)
        for group in optimizer.param_groups:
            group["lr"] = rate(group, step)

    training.optimizer.register_step_pre_hook(hook)


def _option(name: str, value: object) -> Patch:
    def patch(training: Any) -> None:
        for group in training.optimizer.param_groups:
            group[name] = value

    return patch


def _other_order(training: Any) -> None:
    training.feed._sampler.seed = 1


def _no_dropout(training: Any) -> None:
    for module in training.bare.modules():
        if type(module).__name__ == "HashedDropout":
            module.forward = lambda x: x


def _norm_eps(training: Any) -> None:
    for module in training.bare.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 1e-6


def _keep_gradients(training: Any) -> None:
    training.optimizer.zero_grad = lambda set_to_none=True: None


def _gradients(change: Callable[[torch.Tensor], torch.Tensor]) -> Patch:
    """Change the gradients where they are unscaled, which is right behind the backward pass."""

    def patch(training: Any) -> None:
        unscale = training.precision.unscale

        def changed(optimizer: Any) -> None:
            unscale(optimizer)
            for parameter in training.bare.parameters():
                parameter.grad = change(parameter.grad)

        training.precision.unscale = changed

    return patch


def _no_unscale(training: Any) -> None:
    if training.run["dtype"] == "fp16":
        training.precision.unscale = lambda optimizer: None
    else:
        _gradients(lambda grad: grad * 2.0**10)(training)


def _truncated(training: Any) -> None:
    for module in training.bare.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(lambda _, inputs: (_ten_bits(inputs[0]),))


def _ten_bits(x: torch.Tensor) -> torch.Tensor:
    return x + ((x.detach().view(torch.int32) & ~0x1FFF).view(torch.float32) - x.detach())


def _at(when: int, act: Callable[[Any], None]) -> Patch:
    return lambda training: lambda step: act(training) if step == when else None


def _forget_optimizer(training: Any) -> None:
    training.optimizer.state.clear()


def _forget_masks(training: Any) -> None:
    start_dropout(training.bare, training.run["seed"], training.place)


def _flip(bit: int) -> Callable[[Any], None]:
    def act(training: Any) -> None:
        weights = training.bare.blocks[0].widen.weight.detach().view(torch.int32).view(-1)
        weights[5] ^= 1 << bit

    return act


def _nothing(training: Any) -> None:
    return


# The fault and what plants it; those that act on something global stand in `planted`.
FAULTS: dict[str, Patch] = {
    "lr +0.1 %": _rate(1.001),
    "lr -0.1 %": _rate(0.999),
    "lr +1 %": _rate(1.01),
    "lr schedule one step ahead": _schedule_ahead,
    "no weight decay": _option("weight_decay", 0.0),
    "beta2 0.999 -> 0.99": _option("betas", (0.9, 0.99)),
    "Adam eps 1e-8 -> 1e-6": _option("eps", 1e-6),
    "other data order": _other_order,
    "missing set_epoch": _nothing,
    "two batches swapped": _nothing,
    "a batch left out": _nothing,
    "dropout off": _no_dropout,
    "label smoothing 0.001": _nothing,
    "LayerNorm eps 1e-5 -> 1e-6": _norm_eps,
    "GELU tanh": _nothing,
    MISSED_ZERO: _keep_gradients,
    "no all-reduce in step 20": _nothing,
    "no all-reduce in step 120": _nothing,
    "no all-reduce in step 190": _nothing,
    "sum instead of mean": _gradients(lambda grad: grad * 2),
    "missing unscale": _no_unscale,
    "gradients summed in bf16": _gradients(lambda grad: grad.bfloat16().float()),
    "inputs truncated to 10 bits": _truncated,
    "resumed without optimizer state": _at(100, _forget_optimizer),
    "resumed without RNG": _at(100, _forget_masks),
    "one bit flipped, bit 10": _at(80, _flip(10)),
    "one bit flipped, bit 20": _at(80, _flip(20)),
    "one bit flipped, bit 28": _at(80, _flip(28)),
}
# Faults that change nothing at all in a precision: inputs are rounded to fewer bits anyway, there is no scale.
IDLE = {
    "bf16": ("inputs truncated to 10 bits", "missing unscale"),
    "fp16": ("inputs truncated to 10 bits",),
    "fp32": (),
}


@contextmanager
def planted(name: str, now: Callable[[], int]) -> Iterator[None]:
    """Plant the faults that replace a function of torch; `now()` is the step that runs."""
    gelu, cross_entropy = functional.gelu, functional.cross_entropy
    set_epoch = torch.utils.data.DistributedSampler.set_epoch
    if name == "GELU tanh":
        functional.gelu = _tanh_of(gelu)
    if name.startswith("label smoothing"):
        functional.cross_entropy = _smoothed(cross_entropy)
    if name.startswith("no all-reduce"):
        functional.cross_entropy = _of_one_half(cross_entropy, int(name.split()[-1]), now)
    if name == "missing set_epoch":
        torch.utils.data.DistributedSampler.set_epoch = _no_epoch  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        functional.gelu, functional.cross_entropy = gelu, cross_entropy
        torch.utils.data.DistributedSampler.set_epoch = set_epoch  # type: ignore[method-assign]


def reordered(name: str, picked: list[Any]) -> list[Any]:
    """Return the batches in the order that the fault gives them."""
    if name == "two batches swapped":
        return [*picked[:60], *picked[60:62][::-1], *picked[62:]]
    return [*picked[:50], *picked[51:]] if name == "a batch left out" else picked


def _tanh_of(gelu: Any) -> Any:
    return lambda x: gelu(x, approximate="tanh")


def _smoothed(cross_entropy: Any) -> Any:
    return lambda x, y: cross_entropy(x, y, label_smoothing=SMOOTHING)


def _no_epoch(_sampler: Any, epoch: int) -> None:
    """Stay in the first epoch."""


def _of_one_half(cross_entropy: Any, when: int, now: Callable[[], int]) -> Any:
    """Return the loss of the whole batch with the gradient of its first half, as of one of two ranks alone."""

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        whole: torch.Tensor = cross_entropy(x, y)
        if now() != when:
            return whole
        half: torch.Tensor = cross_entropy(x[: len(x) // 2], y[: len(y) // 2])
        return half + (whole - half).detach()

    return loss

"""Mixed precision as training uses it: layers under autocast, forward and backward, and a loop with a loss scale."""

from __future__ import annotations

import functools
from typing import Any, List, Tuple

import torch
from torch.nn import functional

from ..descent import Descent
from .probe import CPU_AND_CUDA, Bench, Case, Probe, in_dtypes

FAMILY = "autocast"
HALVES = ("bf16", "fp16")
ROWS, WIDTH, HIDDEN, CLASSES = 48, 64, 96, 20
IMAGE, KERNEL = (2, 8, 12, 12), (12, 8, 3, 3)
FIRST_SCALE, STEPS = 2.0**10, 3


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "linear-gelu-forward", HALVES, functools.partial(_linear, is_backward=False)),
        *in_dtypes(FAMILY, "linear-gelu-backward", HALVES, functools.partial(_linear, is_backward=True)),
        *in_dtypes(FAMILY, "convolution-forward", HALVES, functools.partial(_convolution, is_backward=False)),
        *in_dtypes(FAMILY, "convolution-backward", HALVES, functools.partial(_convolution, is_backward=True)),
        *in_dtypes(FAMILY, "grad-scaler-loop", ("fp16",), _scaler_loop, CPU_AND_CUDA),
    ]


def _autocast(bench: Bench) -> Any:
    return torch.autocast(bench.device.type, bench.dtype)


def _fp32(bench: Bench, name: str, *shape: int, centre: int = 0) -> torch.Tensor:
    return bench.wide(name, *shape, dtype=torch.float32, spread=2, centre=centre).requires_grad_()


def _linear(bench: Bench, is_backward: bool) -> Case:
    """A layer, GELU, and a second layer, all of float32 outside."""
    x, weight = _fp32(bench, "x", ROWS, WIDTH), _fp32(bench, "first", HIDDEN, WIDTH, centre=-3)
    bias, second = _fp32(bench, "bias", HIDDEN), _fp32(bench, "second", CLASSES, HIDDEN, centre=-3)

    def forward() -> torch.Tensor:
        with _autocast(bench):
            return functional.linear(functional.gelu(functional.linear(x, weight, bias)), second)

    if is_backward:
        leaves = [x, weight, bias, second]
        return Case(run=_gradients(forward(), leaves), scale=[64.0, 256.0, 16.0, 256.0])
    return Case(run=torch.no_grad()(forward), scale=64.0)


def _convolution(bench: Bench, is_backward: bool) -> Case:
    x, weight = _fp32(bench, "image", *IMAGE), _fp32(bench, "kernel", *KERNEL, centre=-1)

    def forward() -> torch.Tensor:
        with _autocast(bench):
            return functional.conv2d(x, weight, padding=1)

    if is_backward:
        return Case(run=_gradients(forward(), [x, weight]), scale=[64.0, 512.0])
    return Case(run=torch.no_grad()(forward), scale=128.0)


def _gradients(output: torch.Tensor, leaves: List[torch.Tensor]) -> Any:
    loss = output.float().square().mean()
    return lambda: torch.autograd.grad(loss, leaves, retain_graph=True)


def _scaler_loop(bench: Bench) -> Case:
    """Steps of gradient descent under a loss scale; the scale itself is the last output."""
    x, target = _fp32(bench, "x", ROWS, WIDTH).detach(), bench.indices("target", ROWS, CLASSES)
    first = _fp32(bench, "weight", CLASSES, WIDTH, centre=-2).detach()

    def run() -> Tuple[torch.Tensor, ...]:
        weight = first.clone().requires_grad_()
        scaler, descent = _scaler(bench), Descent(weight)
        for _ in range(STEPS):
            weight.grad = None
            with _autocast(bench):
                loss = functional.cross_entropy(functional.linear(x, weight), target)
            scaler.scale(loss).backward()
            scaler.step(descent)
            scaler.update()
        return weight.detach(), torch.tensor([scaler.get_scale()])

    return Case(run=run, scale=[1.0, FIRST_SCALE])


def _scaler(bench: Bench) -> Any:
    scaler = getattr(torch.amp, "GradScaler", None)
    if scaler is not None:
        return scaler(bench.device.type, init_scale=FIRST_SCALE, growth_interval=2)
    if bench.device.type != "cuda":
        raise NotImplementedError("this torch has no GradScaler for the CPU")
    return torch.cuda.amp.GradScaler(init_scale=FIRST_SCALE, growth_interval=2)

"""Activations, forward and backward."""

from __future__ import annotations

import functools
from typing import Callable, Dict, List

import torch
from torch.nn import functional

from .probe import Bench, Case, Probe, gradients, in_dtypes

FAMILY = "activation"
COUNT = 12_000
MAIN, ALL = ("fp32", "bf16"), ("fp64", "fp32", "bf16", "fp16")


def _gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate="tanh")


FUNCTIONS: Dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": functional.gelu,
    "gelu-tanh": _gelu_tanh,
    "silu": functional.silu,
    "sigmoid": torch.sigmoid,
    "softplus": functional.softplus,
    "mish": functional.mish,
}
DTYPES = {"gelu": ALL, "gelu-tanh": MAIN, "silu": MAIN, "sigmoid": MAIN, "softplus": ("fp32",), "mish": ("fp32",)}
BACKWARD = ("gelu", "gelu-tanh", "silu")


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        found += in_dtypes(FAMILY, name, DTYPES[name], functools.partial(_forward, call=function))
    for name in BACKWARD:
        found += in_dtypes(
            FAMILY,
            name + "-backward",
            MAIN if name == "gelu" else ("fp32",),
            functools.partial(_backward, call=FUNCTIONS[name]),
        )
    return found


def _forward(bench: Bench, call: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x_N = bench.wide("activation", COUNT, centre=-1)
    return Case(run=lambda: call(x_N), scale=8.0)


def _backward(bench: Bench, call: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x_N = bench.leaf("activation", COUNT, centre=-1)
    return Case(run=gradients(call(x_N), [x_N], bench.wide("gradient", COUNT, spread=2)), scale=4.0)

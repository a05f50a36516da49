"""Numbers below the smallest normal one: kept, or flushed to zero by a mode of the processor or by a kernel."""

from __future__ import annotations

import functools
from typing import Callable, Dict, List

import torch

from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "subnormal"
COUNT, ROWS = 2000, 24
# Of the smallest normal number (IEEE 754-2019, 3.6).
SMALLEST = {"fp64": 2.0**-1022, "fp32": 2.0**-126, "bf16": 2.0**-126, "fp16": 2.0**-14}
HALVINGS = {"fp64": 8, "fp32": 8, "bf16": 4, "fp16": 4}


def _product(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5


def _sum(x: torch.Tensor) -> torch.Tensor:
    return x + x.roll(1)


FUNCTIONS: Dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"product": _product, "sum": _sum}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        dtypes = ("fp64", "fp32", "bf16", "fp16") if name == "product" else ("fp64", "fp32")
        found += in_dtypes(FAMILY, name, dtypes, functools.partial(_case, function=function))
    return found + in_dtypes(FAMILY, "matmul", ("fp32", "bf16", "fp16"), _matmul)


def _numbers(bench: Bench, *shape: int) -> torch.Tensor:
    """Return numbers around the smallest normal one; multiplied by steps that are exact or rounded once."""
    return bench.wide("subnormal", *shape, spread=2) * SMALLEST[bench.dtype_name]


def _case(bench: Bench, function: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x_N = _numbers(bench, COUNT)
    return Case(run=lambda: function(x_N), scale=SMALLEST[bench.dtype_name] * 4.0)


def _matmul(bench: Bench) -> Case:
    a, b = _numbers(bench, ROWS, ROWS), bench.wide("factor", ROWS, ROWS, spread=1)
    return Case(run=lambda: a @ b, scale=SMALLEST[bench.dtype_name] * 64.0)

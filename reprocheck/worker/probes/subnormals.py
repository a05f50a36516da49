"""Numbers below the smallest normal one: kept, or flushed to zero by a mode of the processor or by a kernel."""

from __future__ import annotations

import functools
import math
from typing import Callable, Dict, List, NamedTuple

import torch

from ..hashing import hashed_integers
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "subnormal"
COUNT, ROWS = 2000, 24


class Format(NamedTuple):
    """The smallest normal number, bits of the fraction, and the integer of that size (IEEE 754-2019, 3.6)."""

    smallest: float
    fraction_bits: int
    integer: torch.dtype


FORMATS = {
    "fp64": Format(2.0**-1022, 52, torch.int64),
    "fp32": Format(2.0**-126, 23, torch.int32),
    "bf16": Format(2.0**-126, 7, torch.int16),
    "fp16": Format(2.0**-14, 10, torch.int16),
}


def _product(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5


def _sum(x: torch.Tensor) -> torch.Tensor:
    return x + x.roll(1)


FUNCTIONS: Dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"product": _product, "sum": _sum}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        dtypes = ("fp64", "fp32", "bf16") if name == "product" else ("fp32",)
        found += in_dtypes(FAMILY, name, dtypes, functools.partial(_case, function=function))
    return found + in_dtypes(FAMILY, "matmul", ("fp32", "bf16", "fp16"), _matmul)


def _numbers(bench: Bench, *shape: int) -> torch.Tensor:
    """Return numbers up to eight times the smallest normal one, a quarter of them below it.

    They are made of bits: no arithmetic comes in that could flush them before they are there.
    """
    numbers = FORMATS[bench.dtype_name]
    count = math.prod(shape)
    words_N = hashed_integers(bench.key("subnormal"), count)
    lower_N = words_N & ((1 << (numbers.fraction_bits + 2)) - 1)
    sign_N = torch.where(words_N < 0, torch.iinfo(numbers.integer).min, 0)
    return (lower_N | sign_N).to(numbers.integer).view(bench.dtype).view(shape).to(bench.device)


def _case(bench: Bench, function: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x_N = _numbers(bench, COUNT)
    return Case(run=lambda: function(x_N), scale=FORMATS[bench.dtype_name].smallest * 4.0)


def _matmul(bench: Bench) -> Case:
    a, b = _numbers(bench, ROWS, ROWS), bench.wide("factor", ROWS, ROWS, spread=1)
    return Case(run=lambda: a @ b, scale=FORMATS[bench.dtype_name].smallest * 64.0)

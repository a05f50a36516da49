"""Functions of one number: what vector libraries round in their own ways.

Large enough for two threads, whose shares end at other elements. The scale is the size of the results.
"""

from __future__ import annotations

import functools
from typing import Callable, Dict, List, NamedTuple, Tuple

import torch

from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "unary"
COUNT = 12_000  # the vector functions of ATen take threads from 2,048 elements
FP32, FP, MAIN = ("fp32",), ("fp64", "fp32"), ("fp64", "fp32", "bf16")


class Function(NamedTuple):
    """A function, in which dtypes it is probed, the exponents of its arguments, their sign, the size of results."""

    call: Callable[[torch.Tensor], torch.Tensor]
    dtypes: Tuple[str, ...]
    centre: int
    spread: int
    is_positive: bool
    scale: float


FUNCTIONS: Dict[str, Function] = {
    "exp": Function(torch.exp, MAIN, -3, 5, False, 512.0),
    "exp2": Function(torch.exp2, FP32, -3, 5, False, 64.0),
    "expm1": Function(torch.expm1, FP32, -3, 5, False, 512.0),
    "log": Function(torch.log, FP, 0, 12, True, 8.0),
    "log2": Function(torch.log2, FP32, 0, 12, True, 8.0),
    "log1p": Function(torch.log1p, FP32, 0, 12, True, 8.0),
    "sin": Function(torch.sin, FP32, 0, 8, False, 1.0),
    "cos": Function(torch.cos, FP32, 0, 8, False, 1.0),
    "tan": Function(torch.tan, FP32, -5, 4, False, 0.5),
    "atan": Function(torch.atan, FP32, 0, 8, False, 1.0),
    "asin": Function(torch.asin, FP32, -5, 4, False, 0.5),
    "sinh": Function(torch.sinh, FP32, -3, 5, False, 256.0),
    "tanh": Function(torch.tanh, MAIN, -2, 5, False, 1.0),
    "erf": Function(torch.erf, FP32, -2, 4, False, 1.0),
    "erfinv": Function(torch.erfinv, FP32, -5, 4, False, 0.5),
    "lgamma": Function(torch.lgamma, FP32, 0, 4, True, 32.0),
    "sqrt": Function(torch.sqrt, FP, 0, 12, True, 32.0),
    "rsqrt": Function(torch.rsqrt, FP32, 0, 12, True, 32.0),
    "reciprocal": Function(torch.reciprocal, FP32, 0, 10, True, 256.0),
}


def probes() -> List[Probe]:
    """Return the probes of this family, and those of division and of powers, which have two arguments."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        found += in_dtypes(FAMILY, name, function.dtypes, functools.partial(_case, function=function))
    return [*found, *in_dtypes(FAMILY, "div", FP32, _div), *in_dtypes(FAMILY, "pow", FP32, _pow)]


def _case(bench: Bench, function: Function) -> Case:
    x_N = bench.wide("unary", COUNT, centre=function.centre, spread=function.spread)
    if function.is_positive:
        x_N = x_N.abs()
    return Case(run=lambda: function.call(x_N), scale=function.scale)


def _div(bench: Bench) -> Case:
    x_N, y_N = bench.wide("dividend", COUNT), bench.wide("divisor", COUNT)
    return Case(run=lambda: x_N / y_N, scale=64.0)


def _pow(bench: Bench) -> Case:
    x_N, y_N = bench.wide("base", COUNT, spread=2).abs(), bench.wide("exponent", COUNT, spread=2)
    return Case(run=lambda: torch.pow(x_N, y_N), scale=2.0**20)

"""Reductions: sums that cancel, of few and of many terms, along either dimension, and what is built on sums.

Legend: B results, K summands.
"""

from __future__ import annotations

import functools
from typing import Callable, List

import torch

from ..inputs import cancelling_sum, summed_scale
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "reduction"
ALL, MAIN = ("fp64", "fp32", "bf16", "fp16"), ("fp32", "bf16")
SMALL_K, MANY_K = 1000, 300_000  # below and above the 32,768 from which ATen splits a sum over threads
SMALL_SUMS, MANY_SUMS = 16, 4
ROWS, COLUMNS = 64, 500
SPREAD = 10  # of what is summed: float32 cannot hold the partial sums of even the narrowest types


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "sum-small", ALL, _small_sums),
        *in_dtypes(FAMILY, "sum-300k", ("fp64", *MAIN), _many_sums),
        *in_dtypes(FAMILY, "sum-rows", MAIN, functools.partial(_along, function=torch.sum, dim=1)),
        *in_dtypes(FAMILY, "sum-columns", MAIN, functools.partial(_along, function=torch.sum, dim=0)),
        *in_dtypes(FAMILY, "mean-rows", ("fp32",), functools.partial(_along, function=torch.mean, dim=1)),
        *in_dtypes(FAMILY, "var-300k", ("fp64", "fp32"), functools.partial(_many, function=torch.var, scale=2.0**22)),
        *in_dtypes(FAMILY, "norm-300k", ("fp64", "fp32"), functools.partial(_many, function=_norm, scale=2.0**18)),
        *in_dtypes(FAMILY, "std-rows", ("fp32",), functools.partial(_rows, function=_row_deviations, scale=16.0)),
        *in_dtypes(FAMILY, "norm-rows", ("fp32",), functools.partial(_rows, function=_row_norms, scale=256.0)),
        *in_dtypes(FAMILY, "amax-rows", ("fp32",), functools.partial(_rows, function=_row_maxima, scale=32.0)),
        *in_dtypes(FAMILY, "logsumexp-rows", MAIN, _logsumexp),
        *in_dtypes(FAMILY, "prod-rows", ("fp32",), _prod),
    ]


def _scale(summands: int) -> float:
    return summed_scale(summands, SPREAD)


def _small_sums(bench: Bench) -> Case:
    """Sum several vectors, each by a call of its own: one number would show too little of a change."""
    whole_BK = cancelling_sum(bench.key("sum", SMALL_K), SMALL_SUMS, SMALL_K, bench.dtype, SPREAD)
    rows = bench.put(*whole_BK.unbind(0))
    return Case(run=lambda: torch.stack([row_K.sum() for row_K in rows]), scale=_scale(SMALL_K))


def _many_sums(bench: Bench) -> Case:
    """Sum one long vector, rolled on for every call: the same numbers, hence the same exact result."""
    x_1K = cancelling_sum(bench.key("many"), 1, MANY_K, bench.dtype, SPREAD)
    vectors = bench.put(*(torch.roll(x_1K[0], 7919 * turn) for turn in range(MANY_SUMS)))
    return Case(run=lambda: torch.stack([x_K.sum() for x_K in vectors]), scale=_scale(MANY_K))


def _many(bench: Bench, function: Callable[[torch.Tensor], torch.Tensor], scale: float) -> Case:
    """Reduce a long vector, and its first parts, which have other results.

    The scale of the variance is sixteen times its size: a running mean and its squares are rounded at every step.
    """
    x_K = bench.wide("many", MANY_K, spread=SPREAD)
    parts = [x_K[: MANY_K - 4096 * turn].clone() for turn in range(MANY_SUMS)]
    return Case(run=lambda: torch.stack([function(part_K) for part_K in parts]), scale=scale)


def _along(bench: Bench, function: Callable[..., torch.Tensor], dim: int) -> Case:
    whole_BK = cancelling_sum(bench.key("along", dim), COLUMNS, ROWS, bench.dtype, SPREAD)
    (x,) = bench.put(whole_BK if dim else whole_BK.t().contiguous())
    return Case(run=lambda: function(x, dim), scale=_scale(1 if function is torch.mean else ROWS))


def _rows(bench: Bench, function: Callable[[torch.Tensor], torch.Tensor], scale: float) -> Case:
    x_BK = bench.wide("rows", ROWS, COLUMNS)
    return Case(run=lambda: function(x_BK), scale=scale)


def _norm(x: torch.Tensor) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.vector_norm(x)
    return norm


def _row_norms(x_BK: torch.Tensor) -> torch.Tensor:
    norms_B: torch.Tensor = torch.linalg.vector_norm(x_BK, dim=1)
    return norms_B


def _row_deviations(x_BK: torch.Tensor) -> torch.Tensor:
    return x_BK.std(1)


def _row_maxima(x_BK: torch.Tensor) -> torch.Tensor:
    return x_BK.amax(1)


def _logsumexp(bench: Bench) -> Case:
    x_BK = bench.wide("rows", ROWS, COLUMNS, spread=2)
    return Case(run=lambda: torch.logsumexp(x_BK, 1), scale=16.0)


def _prod(bench: Bench) -> Case:
    """Factors in [1, 2) and as many in [0.5, 1): no product leaves the range."""
    x_BK = torch.cat([bench.wide("prod", ROWS, 32, spread=0, centre=centre) for centre in (0, -1)], 1)
    return Case(run=lambda: x_BK.prod(1), scale=4096.0)

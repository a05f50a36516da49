"""Cumulative sums and products: along rows, and along one vector that is longer than a thread's share."""

from __future__ import annotations

from typing import List

import torch

from ..inputs import cancelling_sum, summed_scale
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "scan"
ROWS, COLUMNS = 16, 600
MANY = 40_000
SPREAD = 10


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "cumsum-rows", ("fp64", "fp32", "bf16", "fp16"), _cumsum),
        *in_dtypes(FAMILY, "cumsum-40k", ("fp32",), _long_cumsum),
        *in_dtypes(FAMILY, "cumprod-rows", ("fp32",), _cumprod),
        *in_dtypes(FAMILY, "logcumsumexp-rows", ("fp32", "bf16"), _logcumsumexp),
    ]


def _cumsum(bench: Bench) -> Case:
    (x_BK,) = bench.put(cancelling_sum(bench.key("cumsum"), ROWS, COLUMNS, bench.dtype, SPREAD))
    return Case(run=lambda: x_BK.cumsum(1), scale=summed_scale(COLUMNS, SPREAD))


def _long_cumsum(bench: Bench) -> Case:
    (x_1K,) = bench.put(cancelling_sum(bench.key("cumsum", MANY), 1, MANY, bench.dtype, SPREAD))
    return Case(run=lambda: x_1K[0].cumsum(0), scale=summed_scale(MANY, SPREAD))


def _cumprod(bench: Bench) -> Case:
    """Factors in [1, 2) and [0.5, 1) in turn: no product leaves the range."""
    pairs = [bench.wide("cumprod", ROWS, 40, spread=0, centre=centre) for centre in (0, -1)]
    x_BK = torch.stack(pairs, 2).flatten(1)
    return Case(run=lambda: x_BK.cumprod(1), scale=4096.0)


def _logcumsumexp(bench: Bench) -> Case:
    x_BK = bench.wide("logcumsumexp", ROWS, COLUMNS, spread=2)
    return Case(run=lambda: torch.logcumsumexp(x_BK, 1), scale=16.0)

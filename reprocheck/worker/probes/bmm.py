"""Batched matrix products. Legend: B batch, M rows, K summands, N columns."""

from __future__ import annotations

import functools
from typing import List

import torch

from ..inputs import cancelling, summed_scale
from .probe import Bench, Case, Probe, in_dtypes
from .tensor_float import allowed

FAMILY = "bmm"
DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16")
SHAPES_BMKN = ((6, 32, 64, 24), (3, 17, 130, 33))


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for shape in SHAPES_BMKN:
        operation = "cancelling-{}x{}x{}x{}".format(*shape)
        found += in_dtypes(FAMILY, operation, DTYPES, functools.partial(_bmm, shape=shape))
    return found + in_dtypes(FAMILY, "baddbmm", ("fp32", "tf32"), _baddbmm)


def _bmm(bench: Bench, shape: "tuple[int, int, int, int]") -> Case:
    a_BMK, b_BKN = _cancelling(bench, *shape)
    return Case(run=allowed(bench, lambda: torch.bmm(a_BMK, b_BKN)), scale=summed_scale(shape[2], 4, 4))


def _baddbmm(bench: Bench) -> Case:
    batch, m, k, n = SHAPES_BMKN[0]
    a_BMK, b_BKN = _cancelling(bench, batch, m, k, n)
    added_BMN = bench.wide("added", batch, m, n, centre=-14)
    run = allowed(bench, lambda: torch.baddbmm(added_BMN, a_BMK, b_BKN, beta=0.5, alpha=1.5))
    return Case(run=run, scale=summed_scale(k, 4, 4))


def _cancelling(bench: Bench, batch: int, m: int, k: int, n: int) -> List[torch.Tensor]:
    """Return factors whose product is zero, another one for every element of the batch."""
    pairs = [cancelling(bench.key("bmm", b, m, k, n), m, k, n, bench.dtype) for b in range(batch)]
    return bench.put(torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs]))

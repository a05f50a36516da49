"""Matrix products: shapes that take different kernels, wide and cancelling inputs."""

from __future__ import annotations

import functools
from typing import List

import torch

from ..inputs import cancelling, magnitude, wide
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "matmul"
DTYPES = ("fp64", "fp32", "bf16", "fp16")
SHAPES_MKN = ((96, 256, 64), (33, 70, 17), (128, 512, 128))


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for m, k, n in SHAPES_MKN:
        shape = "{}x{}x{}".format(m, k, n)
        found += in_dtypes(FAMILY, "wide-" + shape, DTYPES, functools.partial(_wide, m=m, k=k, n=n))
        found += in_dtypes(FAMILY, "cancelling-" + shape, DTYPES, functools.partial(_cancelling, m=m, k=k, n=n))
    return found


def _wide(bench: Bench, m: int, k: int, n: int) -> Case:
    a_MK, b_KN = wide(bench.key("a", m, k), (m, k), bench.dtype), wide(bench.key("b", k, n), (k, n), bench.dtype)
    return _product(bench, a_MK, b_KN)


def _cancelling(bench: Bench, m: int, k: int, n: int) -> Case:
    return _product(bench, *cancelling(bench.key("cancelling", m, k, n), m, k, n, bench.dtype))


def _product(bench: Bench, a_MK: torch.Tensor, b_KN: torch.Tensor) -> Case:
    scale = magnitude(a_MK.abs().to(torch.float64) @ b_KN.abs().to(torch.float64))
    a_MK, b_KN = bench.put(a_MK, b_KN)
    return Case(run=lambda: a_MK @ b_KN, scale=scale)

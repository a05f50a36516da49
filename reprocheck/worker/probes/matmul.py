"""Matrix products: shapes that take different kernels, wide and cancelling inputs.

Legend: M rows, K summands, N columns.
"""

from __future__ import annotations

import functools
from typing import List

import torch

from ..inputs import cancelling, summed_scale
from .probe import Bench, Case, Probe, in_dtypes
from .tensor_float import allowed

FAMILY = "matmul"
DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16")
SHAPES_MKN = ((96, 256, 64), (33, 70, 17), (128, 512, 128))
SPLIT_SHAPE_MKN = (64, 4096, 64)  # few results of many summands: CUDA splits K over blocks


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for m, k, n in SHAPES_MKN:
        shape = "{}x{}x{}".format(m, k, n)
        dtypes = ("fp32",) if m * k * n < 1 << 16 else DTYPES[1:]
        found += in_dtypes(FAMILY, "wide-" + shape, dtypes, functools.partial(_wide, m=m, k=k, n=n))
        found += in_dtypes(FAMILY, "cancelling-" + shape, DTYPES, functools.partial(_cancelling, m=m, k=k, n=n))
    m, k, n = SPLIT_SHAPE_MKN
    split = functools.partial(_cancelling, m=m, k=k, n=n)
    return found + in_dtypes(FAMILY, "cancelling-{}x{}x{}".format(m, k, n), DTYPES, split, ("cuda",))


def _wide(bench: Bench, m: int, k: int, n: int) -> Case:
    return _product(bench, bench.wide("matmul-a", m, k), bench.wide("matmul-b", k, n))


def _cancelling(bench: Bench, m: int, k: int, n: int) -> Case:
    return _product(bench, *bench.put(*cancelling(bench.key("matmul", m, k, n), m, k, n, bench.dtype)))


def _product(bench: Bench, a_MK: torch.Tensor, b_KN: torch.Tensor) -> Case:
    return Case(run=allowed(bench, lambda: a_MK @ b_KN), scale=summed_scale(a_MK.shape[1], 4, 4))

"""Linear layers: with bias, of one row, of a batch, and their gradients.

Legend: B batch, T tokens, M rows, K features in, N features out.
"""

from __future__ import annotations

import functools
from typing import List

import torch
from torch.nn import functional

from ..inputs import cancelling, summed_scale
from .probe import Bench, Case, Probe, gradients, in_dtypes
from .tensor_float import allowed

FAMILY = "linear"
DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16")
M, K, N = 64, 192, 96


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "with-bias", DTYPES, _with_bias),
        *in_dtypes(FAMILY, "one-row", ("fp32", "tf32", "bf16"), _one_row),
        *in_dtypes(FAMILY, "batched-3d", ("fp32", "tf32", "bf16"), _batched),
        *in_dtypes(FAMILY, "grad-input", DTYPES[1:], functools.partial(_gradient, position=0)),
        *in_dtypes(FAMILY, "grad-weight", DTYPES, functools.partial(_gradient, position=1)),
        *in_dtypes(FAMILY, "grad-bias", ("fp32",), functools.partial(_gradient, position=2)),
    ]


def _with_bias(bench: Bench) -> Case:
    return _layer(bench, *_cancelling(bench, M))


def _one_row(bench: Bench) -> Case:
    return _layer(bench, *_cancelling(bench, 1))


def _batched(bench: Bench) -> Case:
    x_MK, weight_NK = _cancelling(bench, M)
    return _layer(bench, x_MK.view(4, M // 4, K), weight_NK)


def _cancelling(bench: Bench, rows: int) -> List[torch.Tensor]:
    x_MK, weight_KN = cancelling(bench.key("linear", rows), rows, K, N, bench.dtype)
    return bench.put(x_MK, weight_KN.t().contiguous())


def _layer(bench: Bench, x: torch.Tensor, weight_NK: torch.Tensor) -> Case:
    # A bias of the size of the noise, so that it does not hide it.
    bias_N = bench.wide("linear-bias", N, centre=-14 if bench.dtype_name == "fp16" else -20, spread=0)
    return Case(run=allowed(bench, lambda: functional.linear(x, weight_NK, bias_N)), scale=summed_scale(K, 4, 4))


def _gradient(bench: Bench, position: int) -> Case:
    """One gradient of a layer; the summands are the features out, the rows, and the rows."""
    leaves = [bench.leaf("x", M, K), bench.leaf("weight", N, K), bench.leaf("bias", N)]
    output_MN = functional.linear(*leaves)
    run = gradients(output_MN, [leaves[position]], bench.wide("gradient", M, N))
    scale = (summed_scale(N, 4, 4), summed_scale(M, 4, 4), summed_scale(M, 4))[position]
    return Case(run=allowed(bench, run), scale=scale)

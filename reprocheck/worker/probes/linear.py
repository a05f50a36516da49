"""Linear layers: with bias, of one row, of a batch, and their gradients.

Legend: B batch, T tokens, M rows, K features in, N features out.
"""

from __future__ import annotations

import functools
from typing import List

import torch
from torch.nn import functional

from ..inputs import SPREAD, cancelling, cancelling_sum, summed_scale
from .probe import Bench, Case, Probe, gradients, in_dtypes
from .tensor_float import allowed

FAMILY = "linear"
DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16")
M, K, N = 64, 192, 96
BIAS_SPREAD = 10  # a bias sums plain numbers, and float32 is not to hold those sums either


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
    return Case(
        run=allowed(bench, lambda: functional.linear(x, weight_NK, bias_N)), scale=summed_scale(K, SPREAD, SPREAD)
    )


def _gradient(bench: Bench, position: int) -> Case:
    """One gradient of a layer, such that what is summed cancels: over features out, or over rows."""
    gradient_MN, x_MK, weight_NK = bench.wide("gradient", M, N), bench.wide("x", M, K), bench.wide("weight", N, K)
    key, spread = bench.key("linear gradient", position), SPREAD
    if position == 0:
        gradient_MN, weight_NK = bench.put(*cancelling(key, M, N, K, bench.dtype))
    elif position == 1:
        gradient_NM, x_MK = bench.put(*cancelling(key, N, M, K, bench.dtype))
        gradient_MN = gradient_NM.t().contiguous()
    else:
        spread = BIAS_SPREAD
        gradient_MN = cancelling_sum(key, N, M, bench.dtype, spread).to(bench.device).t().contiguous()
    leaves = [leaf.requires_grad_() for leaf in (x_MK, weight_NK, torch.zeros_like(gradient_MN[0]))]
    run = gradients(functional.linear(*leaves), [leaves[position]], gradient_MN)
    scale = (summed_scale(N, SPREAD, SPREAD), summed_scale(M, SPREAD, SPREAD), summed_scale(M, spread))[position]
    return Case(run=allowed(bench, run), scale=scale)

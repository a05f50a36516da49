"""Numbers of eight bits: casts there and back, and the scaled product where there is one. Legend: M rows, K, N."""

from __future__ import annotations

from typing import Any, List

import torch

from ..inputs import summed_scale, wide
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "fp8"
DTYPES = ("fp8e4m3", "fp8e5m2")
COUNT = 8000
M, K, N = 32, 128, 48


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "cast-from-fp32", DTYPES, _from_fp32),
        *in_dtypes(FAMILY, "cast-from-bf16", DTYPES[:1], _from_bf16),
        *in_dtypes(FAMILY, "scaled-matmul", DTYPES, _scaled_matmul),
    ]


def _from_fp32(bench: Bench) -> Case:
    return _cast(bench, torch.float32)


def _from_bf16(bench: Bench) -> Case:
    return _cast(bench, torch.bfloat16)


def _cast(bench: Bench, source: torch.dtype) -> Case:
    """Numbers of all sizes: some fall below the smallest number of eight bits; none is above the largest."""
    x_N = bench.wide("cast", COUNT, dtype=source, spread=9, centre=-2)
    to = bench.dtype

    def run() -> List[torch.Tensor]:
        there_N = x_N.to(to)
        return [there_N.view(torch.uint8).to(torch.float32), there_N.to(torch.float32)]

    return Case(run=run, scale=256.0)


def _scaled_matmul(bench: Bench) -> Case:
    scaled_mm: Any = getattr(torch, "_scaled_mm", None)
    if scaled_mm is None:
        raise NotImplementedError("this torch has no scaled product")
    # cuBLAS multiplies no two factors of five exponent bits; gradients of that type meet weights of four.
    a_MK = wide(bench.key("scaled a"), (M, K), torch.bfloat16).to(bench.dtype)
    b_NK = wide(bench.key("scaled b"), (N, K), torch.bfloat16).to(torch.float8_e4m3fn)
    a_MK, b_NK = bench.put(a_MK, b_NK)
    one = torch.ones((), dtype=torch.float32, device=bench.device)

    def run() -> torch.Tensor:
        found = scaled_mm(a_MK, b_NK.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16)
        product_MN: torch.Tensor = found[0] if isinstance(found, tuple) else found  # a pair before torch 2.5
        return product_MN

    return Case(run=run, scale=summed_scale(K, 4, 4))

"""Products with vectors: matrix times vector, vector times matrix, dot. Legend: M rows, K summands, N columns."""

from __future__ import annotations

from typing import List

import torch

from ..inputs import cancelling, summed_scale
from .probe import Bench, Case, Probe, in_dtypes
from .tensor_float import allowed

FAMILY = "gemv"
DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16")
M, K = 160, 320
DOT_K = 5000
DOTS = 16


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "matrix-vector", DTYPES, _matrix_vector),
        *in_dtypes(FAMILY, "vector-matrix", DTYPES, _vector_matrix),
        *in_dtypes(FAMILY, "addmv", ("fp32", "tf32", "bf16"), _addmv),
        *in_dtypes(FAMILY, "dot", ("fp64", "fp32", "bf16"), _dot),
    ]


def _matrix_vector(bench: Bench) -> Case:
    a_MK, v_K = _matrix_and_vector(bench)
    return Case(run=allowed(bench, lambda: torch.mv(a_MK, v_K)), scale=summed_scale(K, 4, 4))


def _vector_matrix(bench: Bench) -> Case:
    a_1K, b_KN = bench.put(*cancelling(bench.key("vector-matrix"), 1, K, M, bench.dtype))
    return Case(run=allowed(bench, lambda: a_1K @ b_KN), scale=summed_scale(K, 4, 4))


def _addmv(bench: Bench) -> Case:
    a_MK, v_K = _matrix_and_vector(bench)
    added_M = bench.wide("added", M, centre=-14)
    run = allowed(bench, lambda: torch.addmv(added_M, a_MK, v_K, beta=0.75, alpha=1.25))
    return Case(run=run, scale=summed_scale(K, 4, 4))


def _dot(bench: Bench) -> Case:
    """Several dots: one number would show too little of a change."""
    pairs = [cancelling(bench.key("dot", i), 1, DOT_K, 1, bench.dtype) for i in range(DOTS)]
    rows = [tuple(bench.put(a_1K[0], b_K1[:, 0].contiguous())) for a_1K, b_K1 in pairs]
    return Case(run=lambda: torch.stack([torch.dot(a_K, b_K) for a_K, b_K in rows]), scale=summed_scale(DOT_K, 4, 4))


def _matrix_and_vector(bench: Bench) -> List[torch.Tensor]:
    a_MK, b_K1 = cancelling(bench.key("matrix-vector"), M, K, 1, bench.dtype)
    return bench.put(a_MK, b_K1[:, 0].contiguous())

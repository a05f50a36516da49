"""LAPACK: factorizations and systems of well-conditioned matrices."""

from __future__ import annotations

import functools
from typing import Callable, Dict, List

import torch

from .probe import Bench, Case, Outputs, Probe, in_dtypes

FAMILY = "linear-algebra"
SIZE = 48
FP = ("fp64", "fp32")


def _qr(a: torch.Tensor) -> Outputs:
    return torch.linalg.qr(a)[1]


def _cholesky(a: torch.Tensor) -> Outputs:
    return torch.linalg.cholesky(a + a.t())


def _solve(a: torch.Tensor) -> Outputs:
    return torch.linalg.solve(a, a.t().contiguous())


def _inverse(a: torch.Tensor) -> Outputs:
    return torch.linalg.inv(a) * SIZE


def _singular_values(a: torch.Tensor) -> Outputs:
    return torch.linalg.svdvals(a)


def _eigenvalues(a: torch.Tensor) -> Outputs:
    return torch.linalg.eigvalsh(a + a.t())


FUNCTIONS: Dict[str, Callable[[torch.Tensor], Outputs]] = {
    "qr": _qr,
    "cholesky": _cholesky,
    "solve": _solve,
    "inverse": _inverse,
    "singular-values": _singular_values,
    "eigenvalues": _eigenvalues,
}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        found += in_dtypes(FAMILY, name, FP, functools.partial(_case, function=function))
    return found


def _case(bench: Bench, function: Callable[[torch.Tensor], Outputs]) -> Case:
    """A hashed matrix with a heavy diagonal: its condition is small, so noise is not amplified."""
    a = bench.wide("matrix", SIZE, SIZE, spread=2)
    a = a + 64.0 * torch.eye(SIZE, dtype=bench.dtype, device=bench.device)
    return Case(run=lambda: function(a), scale=16.0)

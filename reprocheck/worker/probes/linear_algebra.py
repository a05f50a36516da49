"""LAPACK: factorizations and systems of well-conditioned matrices."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Tuple

import torch

from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "linear-algebra"
SIZE = 48


def _qr(a: torch.Tensor) -> Any:
    return torch.linalg.qr(a)[1]


def _cholesky(a: torch.Tensor) -> Any:
    return torch.linalg.cholesky(a + a.t())


def _solve(a: torch.Tensor) -> Any:
    return torch.linalg.solve(a, a.t().contiguous())


def _eigenvalues(a: torch.Tensor) -> Any:
    return torch.linalg.eigvalsh(a + a.t())


FUNCTIONS: Dict[str, Tuple[Callable[[torch.Tensor], Any], float]] = {  # and the size of what comes out
    "qr": (_qr, 16.0),
    "cholesky": (_cholesky, 2.0),
    "solve": (_solve, 0.25),
    "inverse": (torch.linalg.inv, 2.0**-8),
    "singular-values": (torch.linalg.svdvals, 64.0),
    "eigenvalues": (_eigenvalues, 128.0),
}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, (function, scale) in FUNCTIONS.items():
        dtypes = ("fp64", "fp32") if name == "qr" else ("fp32",)
        found += in_dtypes(FAMILY, name, dtypes, functools.partial(_case, function=function, scale=scale))
    return found


def _case(bench: Bench, function: Callable[[torch.Tensor], Any], scale: float) -> Case:
    """A hashed matrix with a heavy diagonal: its condition is small, so noise is not amplified."""
    a = bench.wide("matrix", SIZE, SIZE, spread=2)
    a = a + 64.0 * torch.eye(SIZE, dtype=bench.dtype, device=bench.device)
    return Case(run=lambda: function(a), scale=scale)

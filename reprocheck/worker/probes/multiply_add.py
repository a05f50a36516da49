"""Products that are added: fused they are rounded once, by IEEE 754 apart they are rounded twice.

`multiply-then-add` is the control: two operations, equal on every platform.
"""

from __future__ import annotations

import functools
from typing import Callable, Dict, List

import torch

from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "multiply-add"
COUNT = 12_000
ThreeNumbers = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _addcmul(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(x, y, z, value=0.3)


def _addcdiv(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    return torch.addcdiv(x, y, z, value=0.3)


def _add_alpha(x: torch.Tensor, y: torch.Tensor, _z: torch.Tensor) -> torch.Tensor:
    return torch.add(x, y, alpha=0.3)


def _lerp(x: torch.Tensor, y: torch.Tensor, _z: torch.Tensor) -> torch.Tensor:
    return torch.lerp(x, y, 0.3)


def _apart(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    return x + y * z


FUNCTIONS: Dict[str, ThreeNumbers] = {
    "addcmul": _addcmul,
    "addcdiv": _addcdiv,
    "add-alpha": _add_alpha,
    "lerp": _lerp,
    "multiply-then-add": _apart,
}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        dtypes = ("fp64", "fp32", "bf16") if name in ("addcmul", "lerp") else ("fp32",)
        found += in_dtypes(FAMILY, name, dtypes, functools.partial(_case, function=function))
    return found


def _case(bench: Bench, function: ThreeNumbers) -> Case:
    x_N, y_N, z_N = (bench.wide(name, COUNT) for name in ("addend", "factor", "other factor"))
    return Case(run=lambda: function(x_N, y_N, z_N), scale=64.0)

"""The families of probes, in the order in which they run."""

from __future__ import annotations

from types import ModuleType
from typing import List

from . import (
    activations,
    attention,
    bmm,
    convolution,
    gemv,
    linear,
    matmul,
    multiply_add,
    normalization,
    reductions,
    scans,
    softmaxes,
    unary,
)
from .probe import Probe

FAMILIES: List[ModuleType] = [
    matmul,
    linear,
    bmm,
    gemv,
    convolution,
    normalization,
    softmaxes,
    reductions,
    scans,
    unary,
    activations,
    multiply_add,
    attention,
]


def probes_of(family: ModuleType) -> List[Probe]:
    """Return the probes of one family in their order."""
    found: List[Probe] = family.probes()
    return found

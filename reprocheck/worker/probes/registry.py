"""The families of probes, in the order in which they run."""

from __future__ import annotations

from types import ModuleType
from typing import List

from . import (
    activations,
    all_reduce,
    attention,
    autocast,
    bmm,
    convolution,
    fourier,
    gemv,
    linear,
    linear_algebra,
    low_precision,
    matmul,
    multiply_add,
    normalization,
    optimizers,
    random_streams,
    recurrent,
    reductions,
    scans,
    scatter,
    softmaxes,
    spatial,
    subnormals,
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
    scatter,
    spatial,
    random_streams,
    optimizers,
    autocast,
    recurrent,
    linear_algebra,
    fourier,
    low_precision,
    subnormals,
    all_reduce,
]


def probes_of(family: ModuleType) -> List[Probe]:
    """Return the probes of one family in their order."""
    found: List[Probe] = family.probes()
    return found

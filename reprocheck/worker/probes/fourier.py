"""Fourier transforms of a power of two and of another length. Legend: B signals, L samples."""

from __future__ import annotations

import functools
from typing import List

import torch

from ..inputs import summed_scale
from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "fourier"
SIGNALS = 6


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for length in (1024, 1000):
        make = functools.partial(_rfft, length=length)
        found += in_dtypes(FAMILY, "rfft-{}".format(length), ("fp64", "fp32") if length == 1024 else ("fp32",), make)
    return found + in_dtypes(FAMILY, "fft-2d", ("fp32",), _fft_2d)


def _rfft(bench: Bench, length: int) -> Case:
    x_BL = bench.wide("signal", SIGNALS, length)
    return Case(run=lambda: torch.fft.rfft(x_BL), scale=summed_scale(length, 4))


def _fft_2d(bench: Bench) -> Case:
    x = bench.wide("picture", 30, 32)
    return Case(run=lambda: torch.fft.fft2(x), scale=summed_scale(30 * 32, 4))

"""Adders of more than two numbers at once, as tensor cores have them: models that a replay tries.

The addends are aligned to the largest exponent, what lies below the last kept place is cut off, the rest is added
exactly, and the sum is cut to float32. How many places are kept depends on the generation: none more than float32's on
Volta, one on Ampere, two and more on Hopper (Fasi, Higham, Mikaitis and Pranesh, "Numerical behavior of NVIDIA tensor
cores", PeerJ Computer Science 7:e330, 2021; and later studies of newer ones). Legend: A addends, L lanes.
"""

from __future__ import annotations

from typing import Tuple

import torch

EXACT = -1  # an adder that rounds the exact sum once, to nearest
EXTRA_PLACES: Tuple[int, ...] = (EXACT, 0, 1, 2, 3)
_FRACTION_BITS = 23


def added_at_once(addends_AL: torch.Tensor, exponents_AL: torch.Tensor, extra: int) -> torch.Tensor:
    """Return the sums (L) of float64 addends as float32; exponents are those of the adder, 2^e at or below |addend|.

    The addends must lie so close together that their sum is exact in float64, as those of a replay do.
    """
    if extra == EXACT:
        return addends_AL.sum(0).to(torch.float32)
    ulp_L = torch.exp2((exponents_AL.amax(0) - _FRACTION_BITS - extra).to(torch.float64))
    return _cut(torch.trunc(addends_AL / ulp_L).sum(0) * ulp_L)


def exponent_of(values: torch.Tensor) -> torch.Tensor:
    """Return e with 2^e <= |value| < 2^(e + 1); far below all others for zero."""
    _, exponent = torch.frexp(values)
    return torch.where(values == 0, torch.full_like(exponent, -1000), exponent - 1)


def _cut(total: torch.Tensor) -> torch.Tensor:
    """Return float64 cut to float32."""
    near = total.to(torch.float32)
    inward = torch.nextafter(near, torch.zeros_like(near))
    return torch.where(near.to(torch.float64).abs() > total.abs(), inward, near)

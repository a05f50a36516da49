"""A gradient in eight numbers: projections on hashed signs, in float64.

The sketches of two gradients tell how far the two lie apart: the norm of the difference of the sketches estimates the
norm of the difference of the gradients, as the Johnson-Lindenstrauss lemma has it. The order in which a platform adds
moves a sketch by some 2^-50 only; it is a measure, not a digest. Legend: P projections, N elements.
"""

from __future__ import annotations

import functools
from typing import List

import torch

from .hashing import hashed_integers, key_of

PROJECTIONS = 8
FOLD = 1 << 15  # a longer gradient is taken in parts, each under other signs


def sketch(name: str, gradient: torch.Tensor) -> List[float]:
    """Return the projections of `gradient`, the gradient of the tensor `name`; all NaN where an element is not finite.

    It is computed where the gradient lies. The signs depend on name and position alone, not on shape, type or device.
    """
    flat_N = _real(gradient.detach()).reshape(-1)
    total_P = torch.zeros(PROJECTIONS, dtype=torch.float64, device=flat_N.device)
    for turn, begin in enumerate(range(0, flat_N.numel(), FOLD)):
        part_N = flat_N[begin : begin + FOLD].to(torch.float64)
        total_P += _signs(name, turn, part_N) @ part_N
    return [value if value - value == 0.0 else float("nan") for value in total_P.tolist()]


def _real(gradient: torch.Tensor) -> torch.Tensor:
    dense = gradient.to_dense() if gradient.layout != torch.strided else gradient
    return torch.view_as_real(dense) if dense.is_complex() else dense


def _signs(name: str, turn: int, part_N: torch.Tensor) -> torch.Tensor:
    """Return the signs (P, N) of one part: a window of the table, each row of it under one more sign."""
    key = key_of("sketch", name, turn)
    begin = key % FOLD
    window_PN = _table(str(part_N.device))[:, begin : begin + part_N.numel()]
    flips = [1.0 - 2.0 * (key >> (56 + row) & 1) for row in range(PROJECTIONS)]
    return window_PN * torch.tensor(flips, dtype=torch.float64, device=part_N.device)[:, None]


@functools.lru_cache(maxsize=8)
def _table(device: str) -> torch.Tensor:
    """Return signs (P, 2 * FOLD) on `device`, as float64."""
    words_N = hashed_integers(key_of("sketches"), 2 * FOLD)
    bits_PN = torch.stack([(words_N >> (8 + row)) & 1 for row in range(PROJECTIONS)])
    return (1.0 - 2.0 * bits_PN.to(torch.float64)).to(device)

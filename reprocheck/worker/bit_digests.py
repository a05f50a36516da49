"""What is kept of the output of a probe: all its bits as a SHA-256, its first values, and a coarse digest.

The coarse digest tells rounding noise from a wrong result: four projections of the output on hashed signs, as the
Johnson-Lindenstrauss lemma has it, in float64, divided by the natural scale of the operation and by the square root
of the number of elements. They move by about one rounding unit when the output does.
"""

from __future__ import annotations

import functools
import hashlib
import math
from typing import List, Sequence

import torch

from .digests import sha256_of
from .hashing import hashed_integers, key_of

FIRST_VALUES = 4
PROJECTIONS = 4
NOT_FINITE = 2.0**20  # in units of the scale: no rounding makes a NaN or an infinity
_INTEGER_OF_SIZE = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def bits_digest(outputs: Sequence[torch.Tensor]) -> str:
    """Return the SHA-256, in hex, of the outputs in order: their dtypes, shapes and bits."""
    plains = [output.detach().cpu().contiguous() for output in outputs]
    if len(plains) == 1:
        return sha256_of(plains[0])
    return hashlib.sha256("".join(map(sha256_of, plains)).encode("ascii")).hexdigest()


def first_values(outputs: Sequence[torch.Tensor]) -> List[str]:
    """Return the bits of the first elements of the first output, in hexadecimal."""
    plain = outputs[0].detach().reshape(-1)[:FIRST_VALUES].cpu().contiguous()
    size = plain.element_size()
    words = plain.view(_INTEGER_OF_SIZE[size]).tolist()
    return [format(word & ((1 << (8 * size)) - 1), "0{}x".format(2 * size)) for word in words]


def coarse_digest(outputs: Sequence[torch.Tensor], scale: float) -> List[str]:
    """Return the four projections as hex floats in units of `scale`."""
    flat_N = torch.cat([output.detach().cpu().reshape(-1).to(torch.float64) for output in outputs]) / scale
    flat_N = torch.where(torch.isfinite(flat_N), flat_N, torch.full_like(flat_N, NOT_FINITE))
    count = max(1, flat_N.numel())
    sums = (_signs(flat_N.numel()) * flat_N).sum(1) / math.sqrt(count)
    return [float(total).hex() for total in sums.to(torch.float32).tolist()]


@functools.lru_cache(maxsize=32)
def _signs(count: int) -> torch.Tensor:
    """Return the signs (PROJECTIONS, count) as float64."""
    words_N = hashed_integers(key_of("coarse digest"), count)
    return torch.stack([1.0 - 2.0 * ((words_N >> bit) & 1).to(torch.float64) for bit in range(PROJECTIONS)])

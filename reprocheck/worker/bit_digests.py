"""What is kept of the output of a probe: all its bits as a SHA-256, its first values, and a coarse digest.

The coarse digest tells rounding noise from a wrong result: four projections of the output on hashed signs, as the
Johnson-Lindenstrauss lemma has it, in float64, divided by the natural scale of the operation and by the square root
of the number of elements. They move by about one rounding unit when the output does. They are summed by halving, with
additions of whole tensors only, so that equal outputs have equal digests whatever this platform's order of sums is.
Legend: P projections, N elements.
"""

from __future__ import annotations

import functools
import hashlib
import math
from typing import List, Sequence, Union

import torch

from .digests import sha256_of
from .hashing import hashed_integers, key_of

FIRST_BYTES, FIRST_VALUES = 16, 4
PROJECTIONS = 4
NOT_FINITE = 2.0**20  # in units of the scale: no rounding makes a NaN or an infinity
FOLD = 1 << 16  # a longer output is folded first, under other signs each time: cheaper, and as good
Scale = Union[float, Sequence[float]]
_INTEGER_OF_SIZE = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def bits_digest(outputs: Sequence[torch.Tensor]) -> str:
    """Return the SHA-256, in hex, of the outputs in order: their dtypes, shapes and bits."""
    plains = [_real(output.detach().cpu()).contiguous() for output in outputs]
    if len(plains) == 1:
        return sha256_of(plains[0])
    return hashlib.sha256("".join(map(sha256_of, plains)).encode("ascii")).hexdigest()


def first_values(outputs: Sequence[torch.Tensor]) -> List[str]:
    """Return the bits of the first elements of the first output, in hexadecimal: four, or two of eight bytes."""
    flat = _real(outputs[0].detach()).reshape(-1)
    size = flat.element_size()
    plain = flat[: min(FIRST_VALUES, FIRST_BYTES // size)].cpu().contiguous()
    words = plain.view(_INTEGER_OF_SIZE[size]).tolist()
    return [format(word & ((1 << (8 * size)) - 1), "0{}x".format(2 * size)) for word in words]


def coarse_digest(outputs: Sequence[torch.Tensor], scale: Scale) -> List[str]:
    """Return the four projections as hex floats in units of `scale`, which may be one for each output.

    They have 53 bits where an output is float64, 24 otherwise.
    """
    scales = [scale] * len(outputs) if isinstance(scale, float) else scale
    plains = [_real(output.detach()).cpu().reshape(-1).to(torch.float64) for output in outputs]
    flat_N = torch.cat([plain / unit for plain, unit in zip(plains, scales)])
    flat_N = torch.where(torch.isfinite(flat_N), flat_N, torch.full_like(flat_N, NOT_FINITE))
    sums_P = _projected(flat_N) / math.sqrt(max(1, flat_N.numel()))
    bits = 53 if any(output.dtype in (torch.float64, torch.complex128) for output in outputs) else 24
    return [_short_hex(_rounded(total, bits)) for total in sums_P.tolist()]


def _rounded(value: float, bits: int) -> float:
    """Return `value` to so many bits."""
    fraction, exponent = math.frexp(value)
    return math.ldexp(round(math.ldexp(fraction, bits)), exponent - bits)


def _real(tensor: torch.Tensor) -> torch.Tensor:
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _projected(flat_N: torch.Tensor) -> torch.Tensor:
    """Return the sums over the signs (PROJECTIONS), in one order on every platform."""
    total_PN = torch.zeros(PROJECTIONS, min(FOLD, flat_N.numel()), dtype=torch.float64)
    for turn, begin in enumerate(range(0, flat_N.numel(), FOLD)):
        part_N = flat_N[begin : begin + FOLD]
        total_PN[:, : part_N.numel()] += _signs(turn, part_N.numel()) * part_N
    while total_PN.shape[1] > 1:
        half = (total_PN.shape[1] + 1) // 2
        upper_PN = total_PN[:, half:]
        total_PN = total_PN[:, :half].clone()
        total_PN[:, : upper_PN.shape[1]] += upper_PN
    return total_PN.sum(1)  # of one element, or of none


def _signs(turn: int, count: int) -> torch.Tensor:
    return _all_signs()[:, turn % 4, :count]


@functools.lru_cache(maxsize=1)
def _all_signs() -> torch.Tensor:
    """Return the signs (PROJECTIONS, 4 turns, FOLD) as float64."""
    words_N = hashed_integers(key_of("coarse digest"), FOLD)
    bits = torch.stack([(words_N >> (8 + bit)) & 1 for bit in range(4 * PROJECTIONS)])
    return (1.0 - 2.0 * bits.to(torch.float64)).view(PROJECTIONS, 4, FOLD)


def _short_hex(value: float) -> str:
    """Return a hex float without the zeros at the end of its fraction."""
    mantissa, power, exponent = value.hex().partition("p")
    return mantissa.rstrip("0").rstrip(".") + power + exponent if "." in mantissa else mantissa + power + exponent

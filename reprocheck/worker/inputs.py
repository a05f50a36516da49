"""Inputs of probes: made of hashed integers by exact steps, so that they are the same bits on every platform.

Numbers on one grid would be summed exactly in bfloat16 and float16, and a probe fed with them sees nothing; so they
are *wide* (the exponents differ) and, for products and sums, *cancelling*: the exact result is zero, and what comes out
is the rounding noise itself. Legend: M rows, K summands, N columns.
"""

from __future__ import annotations

import functools
from typing import Tuple

import torch

from .hashing import hashed_integers

# The types that numbers are made in, by the names of probes and trees; tf32 is a way to multiply float32.
DTYPES = {
    "fp64": torch.float64,
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
# Bits of the significand, the leading one among them (IEEE 754-2019, 3.6; bfloat16: Intel 338302-001US).
SIGNIFICAND_BITS = {
    torch.float64: 53,
    torch.float32: 24,
    torch.bfloat16: 8,
    torch.float16: 11,
}
SPREAD = 4
_FP64_BIAS, _FP64_FRACTION = 1023, 52
_EXPONENT_BITS = 10  # of a word, above those of the fraction


def wide(key: int, shape: Tuple[int, ...], dtype: torch.dtype, spread: int = SPREAD, centre: int = 0) -> torch.Tensor:
    """Return hashed numbers of `dtype` on the CPU: either sign, all bits of the significand, wide exponents.

    The exponents lie in `centre` ± `spread`, so the magnitudes in [2^(centre - spread), 2^(centre + spread + 1)).
    Exponents from -14 to 15 are exact in every type.
    """
    count = 1
    for size in shape:
        count *= size
    words_N = _words(key, count)
    bits = SIGNIFICAND_BITS[dtype]
    # The upper bits of the fraction: the same number in every type, up to its own precision.
    fraction_N = words_N & (((1 << (bits - 1)) - 1) << (_FP64_FRACTION - (bits - 1)))
    step_N = ((words_N >> _FP64_FRACTION) & ((1 << _EXPONENT_BITS) - 1)) % (2 * spread + 1)
    exponent_N = step_N + (centre - spread + _FP64_BIAS)
    sign_N = words_N & (-(1 << 63))
    return (sign_N | (exponent_N << _FP64_FRACTION) | fraction_N).view(torch.float64).to(dtype).view(shape)


@functools.lru_cache(maxsize=16)
def _words(key: int, count: int) -> torch.Tensor:
    """Return hashed words; the same ones serve a probe in all its dtypes, one after the other."""
    return hashed_integers(key, count)


def cancelling(
    key: int, rows: int, summands: int, columns: int, dtype: torch.dtype
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Return A (M, K) and B (K, N) whose exact product is zero: the second half takes back the first, in another order.

    `summands` must be even.
    """
    half = summands // 2
    a_MK, b_KN = wide(key, (rows, half), dtype), wide(key ^ 2, (half, columns), dtype)
    return mirrored(a_MK, 1, 1, key ^ 4), mirrored(b_KN, 0, -1, key ^ 4)


def mirrored(half: torch.Tensor, dim: int, sign: int, key: int) -> torch.Tensor:
    """Return `half` and, behind it along `dim`, itself in another order, with its sign or the opposite one."""
    other = half.index_select(dim, hashed_order(key, half.shape[dim]))
    return torch.cat([half, other if sign > 0 else -other], dim)


def cancelling_sum(key: int, rows: int, summands: int, dtype: torch.dtype, spread: int) -> torch.Tensor:
    """Return (rows, summands) whose rows sum to zero exactly.

    From a `spread` of 10, float32 cannot hold the partial sums of even the narrowest types.
    """
    return mirrored(wide(key, (rows, summands // 2), dtype, spread), 1, -1, key ^ 4)


def hashed_order(key: int, count: int) -> torch.Tensor:
    """Return a hashed permutation of `count` positions; words of 64 bits have no ties."""
    return torch.argsort(_words(key, count))


def hashed_indices(key: int, count: int, bound: int) -> torch.Tensor:
    """Return `count` hashed positions below `bound`, from the upper 31 bits of each word."""
    return ((_words(key, count) >> 33) & ((1 << 31) - 1)) % bound


def power_of_two(value: float) -> float:
    """Return the power of two at or above a positive value."""
    scale = 1.0
    while scale < value:
        scale *= 2.0
    while scale / 2.0 >= value:
        scale /= 2.0
    return scale


def summed_scale(summands: int, *spreads: int) -> float:
    """Return the natural scale of a sum of products of wide numbers, one factor a spread: what Σ|a||b| is like.

    The mean magnitude of a factor is 1.5 times the mean of the powers of two from -spread to spread. A formula and not
    a computed sum: the scale must be the same on platforms that sum otherwise.
    """
    product = float(summands)
    for spread in spreads:
        product *= 1.5 * (2.0 ** (spread + 1) - 2.0**-spread) / (2 * spread + 1)
    return power_of_two(product)


def magnitude(value: torch.Tensor) -> float:
    """Return the power of two at or above the largest absolute value, 1 for zeros: the natural scale of an output."""
    largest = float(value.detach().abs().to(torch.float64).max()) if value.numel() else 0.0
    if largest == 0.0 or largest != largest or largest == float("inf"):
        return 1.0
    return power_of_two(largest)

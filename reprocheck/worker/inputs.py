"""Inputs of probes: made of hashed integers by exact steps, so that they are the same bits on every platform.

Numbers on one grid would be summed exactly in bfloat16 and float16, and a probe fed with them sees nothing; so they
are *wide* (the exponents differ) and, for products, *cancelling*: the exact result is zero, and what comes out is the
rounding noise itself. Legend: M rows, K summands, N columns.
"""

from __future__ import annotations

from typing import Tuple

import torch

from .hashing import hashed_below, hashed_integers

# Bits of the significand, the leading one among them (IEEE 754-2019, 3.6; bfloat16: Intel 338302-001US).
SIGNIFICAND_BITS = {
    torch.float64: 53,
    torch.float32: 24,
    torch.bfloat16: 8,
    torch.float16: 11,
}
_FP64_BIAS, _FP64_FRACTION = 1023, 52


def wide(key: int, shape: Tuple[int, ...], dtype: torch.dtype, spread: int = 4) -> torch.Tensor:
    """Return hashed numbers of `dtype` on the CPU: either sign, all bits of the significand, exponents in ±`spread`.

    `spread` up to 14 is exact in every type; the values lie in ±[2^-spread, 2^(spread + 1)).
    """
    count = 1
    for size in shape:
        count *= size
    words_N = hashed_integers(key, count)
    bits = SIGNIFICAND_BITS[dtype]
    fraction_N = (words_N & ((1 << (bits - 1)) - 1)) << (_FP64_FRACTION - (bits - 1))
    exponent_N = hashed_below(key ^ 1, count, 2 * spread + 1) - spread + _FP64_BIAS
    sign_N = words_N & (-(1 << 63))
    return (sign_N | (exponent_N << _FP64_FRACTION) | fraction_N).view(torch.float64).to(dtype).view(shape)


def cancelling(
    key: int, rows: int, summands: int, columns: int, dtype: torch.dtype
) -> Tuple[torch.Tensor, torch.Tensor]:
    """Return A (M, K) and B (K, N) whose exact product is zero: the second half takes back the first, in another order.

    `summands` must be even.
    """
    half = summands // 2
    a_MK, b_KN = wide(key, (rows, half), dtype), wide(key ^ 2, (half, columns), dtype)
    order_K = torch.argsort(hashed_integers(key ^ 4, half))
    return torch.cat([a_MK, a_MK[:, order_K]], 1), torch.cat([b_KN, -b_KN[order_K]], 0)


def magnitude(value: torch.Tensor) -> float:
    """Return the power of two at or above the largest absolute value, 1 for zeros: the natural scale of an output."""
    largest = float(value.detach().abs().to(torch.float64).max()) if value.numel() else 0.0
    if largest == 0.0 or largest != largest or largest == float("inf"):
        return 1.0
    scale = 1.0
    while scale < largest:
        scale *= 2.0
    while scale / 2.0 >= largest:
        scale /= 2.0
    return scale

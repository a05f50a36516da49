"""Additions and fused multiply-adds with one rounding, made of torch's float64 element by element.

A fused multiply-add in float64 after Boldo and Melquiond, "Emulation of a FMA and Correctly Rounded Sums: Proved
Algorithms Using Rounding to Odd" (IEEE Transactions on Computers 57(4), 2008); in float32 the product is exact in
float64, and rounding to odd there makes the second rounding harmless (the same paper, section 3). Tensors of one shape.
"""

from __future__ import annotations

from typing import Tuple

import torch

_SPLITTER = 2.0**27 + 1.0  # Veltkamp's, for 53 bits
_BELOW_FLOAT32 = (1 << 29) - 1  # the places of a float64 that a float32 has not

Pair = Tuple[torch.Tensor, torch.Tensor]


def exact_product(a: torch.Tensor, b: torch.Tensor) -> Pair:
    """Return a * b as the unevaluated sum of two float64 (Dekker, 1971)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def exact_sum(a: torch.Tensor, b: torch.Tensor) -> Pair:
    """Return a + b as the unevaluated sum of two float64 (Knuth)."""
    total = a + b
    b_seen = total - a
    return total, (a - (total - b_seen)) + (b - b_seen)


def fused_multiply_add(product: Pair, addend: torch.Tensor) -> torch.Tensor:
    """Return product + addend rounded once to the type of the addend.

    The product is the first of the pair alone where that is exact, as it is for all types but float64.
    """
    high, low = product
    if addend.dtype != torch.float64:
        return _narrowed(_to_odd(*exact_sum(high, addend.to(torch.float64))), addend.dtype)
    small, small_error = exact_sum(addend, low)
    big, big_error = exact_sum(high, small)
    return big + _to_odd(*exact_sum(small_error, big_error))


def _split(value: torch.Tensor) -> Pair:
    scaled = value * _SPLITTER
    high = scaled - (scaled - value)
    return high, value - high


def _to_odd(total: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
    """Return total + error rounded to odd: where it is inexact, the neighbour whose last bit is one."""
    words = total.view(torch.int64)
    is_outward = (error > 0) == (total > 0)
    steps = torch.where(is_outward, torch.ones_like(words), -torch.ones_like(words))
    is_moved = (error != 0) & ((words & 1) == 0)
    return torch.where(is_moved, words + steps, words).view(torch.float64)


def _narrowed(odd: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return float64 that was rounded to odd in a narrower type; the conversion to 16 bits goes through float32."""
    if dtype != torch.float32:
        words = odd.view(torch.int64)
        is_cut = (words & _BELOW_FLOAT32) != 0
        odd = torch.where(is_cut, (words & ~_BELOW_FLOAT32) | (_BELOW_FLOAT32 + 1), words).view(torch.float64)
    return odd.to(torch.float32).to(dtype)

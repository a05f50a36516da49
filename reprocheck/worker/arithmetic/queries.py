"""Inputs whose outputs tell how an operation computes, built from bit patterns.

Legend: Q queries of a call, K summands of a query; a query is a sparse row, place to number.
The accumulation order is unknown, so that what may be lost is looked for at several places of the row.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from .formats import FORMATS, Format, Number, bits_of, format_of, value_of
from .roundings import QUARTERS

K = 64
Q = 256  # queries of a call, always: another shape may take another kernel, with another order and precision

Query = Dict[int, Number]

# Three places of a row: neighbours, far ones, and what lanes, blocks and halves would bring together.
TRIPLES = ((0, 1, 2), (0, 1, 63), (0, 32, 63), (0, 21, 42), (0, 16, 32), (5, 27, 50))
_INTEGERS = {8: torch.uint8, 16: torch.int16, 32: torch.int32, 64: torch.int64}


class Places(NamedTuple):
    """Where a small number stands, and the two large ones that cancel."""

    small: int
    plus: int
    minus: int


PLACES = tuple(
    places for a, b, c in TRIPLES for places in (Places(c, a, b), Places(b, a, c), Places(a, b, c))
)  # in threes: whichever two of a triple meet first, one of the three has its small number among them


def tensor_of(form: Format, device: str, queries: Sequence[Query]) -> torch.Tensor:
    """Return up to Q queries as a matrix of `form`, filled up with rows of zeros."""
    entries = [(row * K + place, n) for row, query in enumerate(queries) for place, n in query.items()]
    words_QK = torch.zeros(Q * K, dtype=_INTEGERS[form.bits])
    places = torch.tensor([place for place, _ in entries], dtype=torch.int64)
    words_QK[places] = torch.tensor([signed(form, bits_of(form, n)) for _, n in entries], dtype=words_QK.dtype)
    return words_QK.view(getattr(torch, form.torch_name)).view(Q, K).to(device)


def vector_of(form: Format, device: str, numbers: Sequence[Number]) -> torch.Tensor:
    """Return the numbers as a vector of `form`."""
    words = [signed(form, bits_of(form, number)) for number in numbers]
    plain = torch.tensor(words, dtype=_INTEGERS[form.bits]).view(getattr(torch, form.torch_name))
    return plain.to(device)


def words_of(form: Format, output: torch.Tensor) -> List[int]:
    """Return the bit patterns of an output, unsigned."""
    mask = (1 << form.bits) - 1
    words: List[int] = output.detach().cpu().contiguous().view(_INTEGERS[form.bits]).tolist()
    return [word & mask for word in words]


def values_of(output: torch.Tensor, count: int) -> List[Optional[Fraction]]:
    """Return the first values of an output exactly; None for an infinity or a NaN."""
    form = format_of(output.dtype)
    return [value_of(form, word) for word in words_of(form, output[:count])]


def signed(form: Format, bits: int) -> int:
    """Return the bit pattern as torch's integer of that size holds it; those of 8 bits are unsigned."""
    return bits - (1 << form.bits) if form.bits > 8 and bits >> (form.bits - 1) else bits


def scale_of(form: Format) -> int:
    """Return the exponent of the large numbers: where the range is small, near its end."""
    return 0 if form.max_exponent > 15 else form.max_exponent - (2 if form.fraction_bits > 3 else 0)


def pattern(bits: int) -> Number:
    """Return a number of exactly `bits` fraction bits whose bits alternate, so that no short sum of parts holds it."""
    return ((1 << bits) | ((1 << bits) // 3) | 1, -bits) if bits else (1, 0)


def deepest_small(form: Format) -> int:
    """Return how far below the large numbers a small one may lie and still be normal."""
    return min(66, scale_of(form) - form.min_exponent)


@lru_cache(maxsize=64)
def depth_queries(name: str, device: str) -> List[torch.Tensor]:
    """Return, for every place and every depth, 1.5 + small - 1.5 at the scale of the format, Q at a time."""
    form = FORMATS[name]
    large = scale_of(form) - 1
    queries = [{at.small: n, at.plus: (3, large), at.minus: (-3, large)} for at in PLACES for n in small_numbers(form)]
    return [tensor_of(form, device, queries[first : first + Q]) for first in range(0, len(queries), Q)]


def small_numbers(form: Format) -> List[Number]:
    """Return the powers of two from one half down, at the scale of the format."""
    return [(1, scale_of(form) - depth) for depth in range(1, deepest_small(form) + 1)]


@lru_cache(maxsize=64)
def pattern_queries(name: str, device: str) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return numbers of 1 to all bits alone in their rows, ones alone in their rows, and the numbers as a vector."""
    form = FORMATS[name]
    numbers = [pattern(bits) for bits in range(1, form.fraction_bits + 1)]
    alone = tensor_of(form, device, [{0: number} for number in numbers])
    ones = tensor_of(form, device, [{row: (1, 0)} for row in range(len(numbers))])
    return alone, ones, vector_of(form, device, numbers + [(0, 0)] * (K - len(numbers)))


def quarters(even_and_odd: bool = True) -> List[int]:
    """Return amounts in quarters of the last place: one to three, above an even and an odd number, of both signs."""
    bases = (0, 4) if even_and_odd else (0,)
    return [sign * (base + quarter) for sign in (1, -1) for base in bases for quarter in QUARTERS]

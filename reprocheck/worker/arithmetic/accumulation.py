"""What a sum keeps: bits of the inputs, bits of the accumulator, and how each is rounded.

A number whose last bit is a small power of two is followed from the input to the output. Rounding is read from numbers
that lie one, two and three quarters between two results. Legend: P places, D depths.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..readings import unread
from .formats import FORMATS, Format, bits_of, format_of
from .queries import (
    PLACES,
    K,
    Places,
    Query,
    deepest_small,
    depth_queries,
    pattern_queries,
    quarters,
    scale_of,
    small_numbers,
    tensor_of,
    values_of,
    vector_of,
    words_of,
)
from .roundings import rounding_of

Sums = Callable[..., Any]
Told = Union[int, Dict[str, str]]


class Accumulator(NamedTuple):
    """How many fraction bits survive, the format of the output, and a place where what lies deeper is rounded.

    At the place, `small` meets `plus` first; None where no such place is known.
    """

    bits: Told
    output: Format
    rounds_at: Optional[Places] = None


def accumulator_of(sums: Sums, form: Format, device: str) -> Accumulator:
    """Return how deep below a large number a small one may lie that is added to it and is still there afterwards."""
    depths = deepest_small(form)
    outputs = [sums(queries) for queries in depth_queries(form.name, device)]
    wide = format_of(outputs[0].dtype)
    words = [word for output in outputs for word in words_of(wide, output)]
    expected = _expected(form.name, wide.name)
    rows = [words[place * depths : (place + 1) * depths] for place in range(len(PLACES))]
    kept_PD = [[got == small for got, small in zip(row, expected)] for row in rows]
    reaches = [row.index(False) if False in row else depths for row in kept_PD]
    if not any(reaches):
        return Accumulator(unread("irregular", "not even a half comes out whole"), wide)
    if any(True in row[reach:] for row, reach in zip(kept_PD, reaches)):
        return Accumulator(unread("irregular", "a small number is lost and a smaller one is kept"), wide)
    if min(reaches) == depths:
        return Accumulator(unread("beyond", "nothing is lost within {} bits".format(depths)), wide)
    return Accumulator(min(reaches), wide, _rounds_at(reaches))


@lru_cache(maxsize=64)
def _expected(name: str, output: str) -> List[int]:
    return [bits_of(FORMATS[output], number) for number in small_numbers(FORMATS[name])]


def _rounds_at(reaches: Sequence[int]) -> Optional[Places]:
    """Return small, partner and other of the first triple that loses first and whose order is known.

    The two places that meet first are those whose large numbers cancel before the small one comes to them.
    """
    for first in range(0, len(PLACES), 3):
        triple = reaches[first : first + 3]
        if min(triple) == min(reaches) < max(triple):
            last = PLACES[first + max(range(3), key=lambda index: triple[index])]
            return Places(last.plus, last.minus, last.small)
    return None


def input_bits_of(call: Callable[..., Any], form: Format, device: str) -> int:
    """Return how many fraction bits of either factor reach the output where nothing is added to the product."""
    alone, ones, numbers = pattern_queries(form.name, device)
    count, one = form.fraction_bits, vector_of(form, device, [(1, 0)] * K)
    left, right = values_of(call(alone, one), count), values_of(call(ones, numbers), count)
    kept = [a == b == number for a, b, number in zip(left, right, values_of(numbers, count))]
    return kept.index(False) if False in kept else count


def summand_bits_of(sums: Sums, form: Format, device: str) -> int:
    """Return how many fraction bits of a summand reach the output where nothing is added to it."""
    alone, _, numbers = pattern_queries(form.name, device)
    count = form.fraction_bits
    kept = [got == number for got, number in zip(values_of(sums(alone), count), values_of(numbers, count))]
    return kept.index(False) if False in kept else count


def input_rounding(sums: Sums, form: Format, device: str, bits: int) -> str:
    """Return how inputs of more than `bits` fraction bits are rounded; empty where no one rounding explains it."""
    if not 1 <= bits <= form.fraction_bits - 2:
        return ""
    amounts = quarters()
    queries: List[Query] = [{0: (_base(amount, bits) + amount, -bits - 2)} for amount in amounts]
    bases = [_base(amount, bits) for amount in amounts]
    return _rounding(sums(tensor_of(form, device, queries)), -bits - 2, amounts, bases)


def output_rounding(sums: Sums, form: Format, device: str) -> str:
    """Return how the sum of a number and a fraction of its last place is rounded."""
    bits, amounts = form.fraction_bits, quarters()
    unit = scale_of(form) - bits - 2
    queries: List[Query] = []
    for amount in amounts:
        fraction = abs(amount) % 4 * (1 if amount > 0 else -1)
        queries.append({0: (_base(amount, bits) + amount - fraction, unit), 1: (fraction, unit)})
    bases = [_base(amount, bits) for amount in amounts]
    return _rounding(sums(tensor_of(form, device, queries)), unit, amounts, bases)


def accumulator_rounding(sums: Sums, form: Format, device: str, found: Accumulator) -> str:
    """Return how the accumulator rounds, at a place of a row where it does; empty where no place is known."""
    if not isinstance(found.bits, int) or found.rounds_at is None:
        return ""
    at, amounts = found.rounds_at, quarters(even_and_odd=False)
    unit = scale_of(form) - found.bits - 2
    queries: List[Query] = []
    for amount in amounts:
        large = 3 if amount > 0 else -3
        queries.append(
            {at.small: (amount, unit), at.plus: (large, scale_of(form) - 1), at.minus: (-large, scale_of(form) - 1)}
        )
    return _rounding(sums(tensor_of(form, device, queries)), unit, amounts, [0] * len(amounts))


def _base(amount: int, bits: int) -> int:
    """Return one and a half with the sign of `amount`, in quarters of the last of `bits` bits."""
    return (6 << bits) * (1 if amount > 0 else -1)


def _rounding(output: Any, unit: int, amounts: Sequence[int], bases: Sequence[int]) -> str:
    """Return the rounding that explains what the outputs lie above their bases, in units of 2**unit."""
    scale = Fraction(2) ** unit
    values = values_of(output, len(amounts))
    seen: List[Tuple[int, object]] = [
        (amount, None if value is None else value / scale - base) for amount, value, base in zip(amounts, values, bases)
    ]
    return rounding_of(seen)

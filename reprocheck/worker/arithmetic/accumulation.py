"""What a sum keeps: bits of the inputs, bits of the accumulator, and how each is rounded.

Legend: Q queries, K summands, P places, D depths.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import torch

from ..readings import unread
from .formats import FORMATS, Format, Number, format_of, value_of
from .queries import (
    PLACES,
    Places,
    deepest_small,
    depth_queries,
    pattern_queries,
    quarters,
    scale_of,
    tensor_of,
    vector_of,
    words_of,
)
from .roundings import rounding_of

Sums = Callable[[torch.Tensor], torch.Tensor]
Products = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Told = Union[int, str, Dict[str, str]]


class Accumulator(NamedTuple):
    """How many fraction bits survive, and where a row loses what lies deeper; no place where nothing was lost."""

    bits: Told
    loses_at: Optional[Places]


def accumulator_of(sums: Sums, form: Format, device: str) -> Accumulator:
    """Return how deep below a large number a small one may lie that is added to it and is still there afterwards."""
    depths = deepest_small(form)
    output = sums(depth_queries(form.name, device))[: len(PLACES) * depths]
    expected = words_of(format_of(output.dtype), _smalls(form.name, str(output.dtype), device))
    words = words_of(format_of(output.dtype), output)
    kept_PD = [[words[row * depths + depth] == expected[depth] for depth in range(depths)] for row in range(len(PLACES))]
    reaches = [row.index(False) if False in row else depths for row in kept_PD]
    if any(True in row[reach:] for row, reach in zip(kept_PD, reaches)):
        return Accumulator(unread("irregular", "a small number is lost and a smaller one is kept"), None)
    least = min(reaches)
    if least == depths:
        return Accumulator(unread("beyond", "nothing is lost within {} bits".format(depths)), None)
    return Accumulator(least, _lossy(reaches, least))


def _lossy(reaches: List[int], least: int) -> Optional[Places]:
    """Return small, partner and other of a triple that loses at depth `least` and whose first pair is known."""
    for first in range(0, len(PLACES), 3):
        triple = reaches[first : first + 3]
        deepest = max(range(3), key=lambda index: triple[index])
        if min(triple) == least and triple[deepest] > least:
            meets_last = PLACES[first + deepest].small
            first_pair = sorted({PLACES[first].small, PLACES[first].plus, PLACES[first].minus} - {meets_last})
            return Places(first_pair[0], first_pair[1], meets_last)
    return None


@lru_cache(maxsize=64)
def _smalls(name: str, dtype: str, device: str) -> torch.Tensor:
    form, output = FORMATS[name], format_of(dtype)
    return vector_of(output, device, [(1, scale_of(form) - depth) for depth in range(1, deepest_small(form) + 1)])


def input_bits_of(call: Products, form: Format, device: str) -> int:
    """Return how many fraction bits of either factor reach the output when nothing is added to the product."""
    alone, ones, numbers = pattern_queries(form.name, device)
    one = torch.ones_like(numbers)
    count = form.fraction_bits
    left, right = call(alone, one)[:count], call(ones, numbers)[:count]
    output = format_of(left.dtype)
    expected = words_of(output, numbers[:count].to(left.dtype))
    kept = [a == b == c for a, b, c in zip(words_of(output, left), words_of(output, right), expected)]
    return kept.index(False) if False in kept else count


def input_rounding(sums: Sums, form: Format, device: str, bits: int) -> str:
    """Return how inputs of more than `bits` fraction bits are rounded; empty where no one rounding explains it."""
    if bits < 1 or bits + 2 > form.fraction_bits:
        return ""
    amounts, unit = quarters(), -bits - 2
    queries = [{0: _above(amount, bits, unit)} for amount in amounts]
    return _named(sums, form, device, queries, amounts, bits, unit)


def output_rounding(sums: Sums, form: Format, device: str) -> str:
    """Return how the sum of a number and a fraction of its last place is rounded."""
    bits, amounts = form.fraction_bits, quarters()
    unit = scale_of(form) - bits - 2
    queries = []
    for amount in amounts:
        sign, rest = (1 if amount > 0 else -1), abs(amount) % 4
        queries.append({0: _above(amount - sign * rest, bits, unit), 1: (sign * rest, unit)})
    return _named(sums, form, device, queries, amounts, bits, unit)


def accumulator_rounding(sums: Sums, form: Format, device: str, found: Accumulator) -> str:
    """Return how the accumulator rounds, from a place of a row where it does; empty where no place is known."""
    if not isinstance(found.bits, int) or found.loses_at is None:
        return ""
    at, bits, amounts = found.loses_at, found.bits, quarters(even_and_odd=False)
    unit = scale_of(form) - bits - 2
    queries = []
    for amount in amounts:
        large, sign = (3, scale_of(form) - 1), (1 if amount > 0 else -1)
        queries.append({at.small: (amount, unit), at.plus: _times(sign, large), at.minus: _times(-sign, large)})
    output = sums(tensor_of(form, device, queries))
    return rounding_of(list(zip(amounts, _in_units(output, unit, [0] * len(amounts)))))


def _above(amount: int, bits: int, unit: int) -> Number:
    """Return one and a half (at the scale that `unit` implies) plus `amount` quarters of the last of `bits` bits."""
    return (_base(amount, bits) + amount, unit)


def _base(amount: int, bits: int) -> int:
    return (6 << bits) * (1 if amount > 0 else -1)


def _times(sign: int, number: Number) -> Number:
    return (sign * number[0], number[1])


def _named(
    sums: Sums, form: Format, device: str, queries: List[Dict[int, Number]], amounts: List[int], bits: int, unit: int
) -> str:
    output = sums(tensor_of(form, device, queries))
    return rounding_of(list(zip(amounts, _in_units(output, unit, [_base(amount, bits) for amount in amounts]))))


def _in_units(output: torch.Tensor, unit: int, bases: List[int]) -> List[Any]:
    """Return what the output lies above its base, in units of 2**unit; None for an infinity or a NaN."""
    form = format_of(output.dtype)
    scale: Any = 2 ** abs(unit)
    values = [value_of(form, word) for word in words_of(form, output[: len(bases)])]
    scaled = [None if v is None else (v * scale if unit < 0 else v / scale) for v in values]
    return [None if v is None else v - base for v, base in zip(scaled, bases)]


def seen(output: torch.Tensor, count: int) -> Tuple[Any, ...]:
    """Return the first values of an output as fractions."""
    form = format_of(output.dtype)
    return tuple(value_of(form, word) for word in words_of(form, output[:count]))

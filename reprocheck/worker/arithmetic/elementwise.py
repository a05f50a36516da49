"""How one product and one conversion are rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Callable, List

from .formats import Format, number_of
from .queries import Q, pattern, quarters, values_of, vector_of
from .roundings import rounding_of

# 1.25 * (1 + k units) lies 5 k quarters of a unit above 1.25: these k give every quarter, and both kinds of half ways.
_STEPS = (1, 2, 3, 6)


def product_rounding(call: Callable[..., Any], form: Format, device: str) -> str:
    """Return how a product is rounded; empty where no one rounding explains it."""
    last = Fraction(1, 2**form.fraction_bits)
    steps = [sign * step for sign in (1, -1) for step in _STEPS]
    signs = [1 if step > 0 else -1 for step in steps]
    left = [number_of(sign + step * last) for sign, step in zip(signs, steps)]
    output = call(_filled(form, device, left), vector_of(form, device, [(5, -2)] * Q))
    values = values_of(output, len(steps))
    above = [None if v is None else (v - sign * Fraction(5, 4)) / last * 4 for sign, v in zip(signs, values)]
    return rounding_of([(5 * step, got) for step, got in zip(steps, above)])


def factor_bits(call: Callable[..., Any], form: Format, device: str) -> int:
    """Return how many fraction bits of either factor reach a product with one."""
    numbers = [pattern(bits) for bits in range(1, form.fraction_bits + 1)]
    one, many = vector_of(form, device, [(1, 0)] * Q), _filled(form, device, numbers)
    count = len(numbers)
    left, right, expected = (values_of(out, count) for out in (call(many, one), call(one, many), many))
    kept = [a == b == number for a, b, number in zip(left, right, expected)]
    return kept.index(False) if False in kept else count


def conversion_rounding(call: Callable[..., Any], source: Format, target: Format, device: str) -> str:
    """Return how a number that the target does not hold is rounded; empty where no one rounding explains it."""
    last = Fraction(1, 2**target.fraction_bits)
    amounts = quarters()
    bases = [Fraction(3, 2) * (1 if amount > 0 else -1) for amount in amounts]
    numbers = [number_of(base + amount * last / 4) for base, amount in zip(bases, amounts)]
    values = values_of(call(_filled(source, device, numbers)), len(amounts))
    above = [None if v is None else (v - base) / last * 4 for base, v in zip(bases, values)]
    return rounding_of(list(zip(amounts, above)))


def _filled(form: Format, device: str, numbers: List[Any]) -> Any:
    return vector_of(form, device, numbers + [(1, 0)] * (Q - len(numbers)))

"""Does a product enter its addition whole, as a fused multiply-add has it, or is it rounded first?

The factors are chosen so that their product needs more bits than the format has; what is added takes the rest away.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, Callable, Dict, Sequence, Tuple, Union

import torch

from ..readings import unread
from .formats import FORMATS, Format, number_of
from .queries import K, Q, tensor_of, values_of, vector_of

Told = Union[int, str, Dict[str, str]]


def fused_products(call: Callable[..., Any], form: Format, device: str, bits: int) -> Told:
    """Return whether any addition of a sum of products takes its product unrounded: yes, no, or a status.

    `bits` is what is kept of the inputs. With a = 1 + 2**-bits and b = 1 + 2**-h, a * b - b is 2**-bits where the
    product was rounded, and 2**-bits * (1 + 2**-h) where it was not.
    """
    queries, factors = _product_queries(form.name, device, bits)
    lost = Fraction(1, 2**bits)
    return _named(values_of(call(queries, factors), 2 * (K - 1)), whole=lost + lost * _half(bits), rounded=lost)


def fused_multiply_add(call: Callable[..., Any], form: Format, device: str) -> Told:
    """Return whether an operation of the form a * b + c takes its product unrounded: yes, no, or a status."""
    bits = form.fraction_bits
    half = _half(bits)
    rest = Fraction(1, 2 ** (bits + 2)) / half
    a, b, c = (
        vector_of(form, device, [number_of(value)] * Q) for value in (1 + half, 1 + rest, -(1 + half + rest))
    )  # half * rest, a quarter of the last place, is what the rounded product lacks
    return _named(values_of(call(a, b, c), 1), whole=half * rest, rounded=Fraction(0))


def _half(bits: int) -> Fraction:
    return Fraction(1, 2 ** (bits // 2 + 1))


@lru_cache(maxsize=64)
def _product_queries(name: str, device: str, bits: int) -> Tuple[torch.Tensor, torch.Tensor]:
    """Return rows with a at one place and -1 at another, in either order, and a vector of b."""
    form = FORMATS[name]
    a, minus_one = number_of(1 + Fraction(1, 2**bits)), (-1, 0)
    queries = [{0: minus_one, place: a} for place in range(1, K)] + [{0: a, place: minus_one} for place in range(1, K)]
    return tensor_of(form, device, queries), vector_of(form, device, [number_of(1 + _half(bits))] * K)


def _named(values: Sequence[Any], whole: Fraction, rounded: Fraction) -> Told:
    if not set(values) <= {whole, rounded}:
        return unread("irregular", "neither a rounded nor a whole product explains the result")
    return "yes" if whole in values else "no"

"""Are numbers below the smallest normal one kept, or flushed to zero, on the way in and on the way out?

IEEE 754-2019 keeps them. Processors have switches against them (Intel SDM volume 1, 10.2.3.3 and 10.2.3.4:
flush-to-zero, denormals-are-zero); instructions that multiply pairs of bfloat16 always flush (SDM volume 2, VDPBF16PS,
TDPBF16PS).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

import torch

from ..readings import unread
from .formats import Format, Number, format_of, number_of
from .queries import K, Q, Query, tensor_of, values_of, vector_of

Told = Union[str, Dict[str, str]]
# What came out, what comes out where subnormals are kept, and what where they are flushed.
Trial = Tuple[Optional[Fraction], Fraction, Fraction]

_ZERO = Fraction(0)
_SIXTEEN = Fraction(16)


def of_products(call: Callable[..., Any], form: Format, device: str) -> Told:
    """Return what becomes of subnormal factors, and of subnormal products and differences of normal numbers."""
    least, tiny, root = _marks(form)

    def result(query: Query, factor: Fraction) -> Any:
        return call(tensor_of(form, device, [query]), vector_of(form, device, [number_of(factor)] * K))

    left = result({0: number_of(tiny)}, _SIXTEEN)
    inputs = [_trial(left, tiny * 16), _trial(result({0: (16, 0)}, tiny), tiny * 16)]
    if format_of(left.dtype) != form:  # what is subnormal in the inputs' format is not in a wider one
        return _told(inputs, [])
    difference = result(_difference(form), Fraction(1))
    return _told(inputs, [_trial(result({0: number_of(root)}, root), root * root), _trial(difference, least / 2)])


def of_sums(call: Callable[..., Any], form: Format, device: str) -> Told:
    """Return what becomes of a subnormal summand, and of a subnormal difference of normal numbers."""
    least, tiny, _ = _marks(form)
    output = call(tensor_of(form, device, [{0: number_of(least), 1: number_of(tiny)}, _difference(form)]))
    with_tiny, difference = values_of(output, 2)
    return _told([(with_tiny, least + tiny, least)], [(difference, least / 2, _ZERO)])


def of_multiply_add(call: Callable[..., Any], form: Format, device: str) -> Told:
    """Return what becomes of subnormal factors and of a subnormal product, to which zero is added."""
    _, tiny, root = _marks(form)

    def result(a: Fraction, b: Fraction) -> Any:
        return call(*(vector_of(form, device, [number_of(value)] * Q) for value in (a, b, _ZERO)))

    inputs = [_trial(result(tiny, _SIXTEEN), tiny * 16), _trial(result(_SIXTEEN, tiny), tiny * 16)]
    return _told(inputs, [_trial(result(root, root), root * root)])


def of_conversion(call: Callable[..., Any], source: Format, target: Format, device: str) -> Told:
    """Return what becomes of a number that is subnormal in the target."""
    least, _, _ = _marks(target)
    return _told([], [_trial(call(vector_of(source, device, [number_of(least / 2)] * Q)), least / 2)])


def _marks(form: Format) -> Tuple[Fraction, Fraction, Fraction]:
    """Return the least normal number, a subnormal one, and a normal one whose square is subnormal."""
    least = Fraction(2) ** form.min_exponent
    return least, least / 4, Fraction(2) ** (form.min_exponent // 2 - 1)


def _difference(form: Format) -> Dict[int, Number]:
    """Return two normal numbers that differ by half the least normal one."""
    return {0: (3, form.min_exponent - 1), 1: (-1, form.min_exponent)}


def _trial(output: torch.Tensor, kept: Fraction) -> Trial:
    return values_of(output, 1)[0], kept, _ZERO


def _told(inputs: Sequence[Trial], outputs: Sequence[Trial]) -> Told:
    if any(got not in (kept, flushed) for got, kept, flushed in [*inputs, *outputs]):
        return unread("irregular", "a subnormal number became neither itself nor zero")
    lost = [_flushed(trials) for trials in (inputs, outputs)]
    if not any(lost):
        return "kept"
    if lost == [True, False] and outputs:
        return "inputs flushed"
    return "outputs flushed" if lost == [False, True] and inputs else "flushed"


def _flushed(trials: Sequence[Trial]) -> bool:
    return any(got != kept for got, kept, _ in trials)

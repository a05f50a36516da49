"""The distance of two floats in units in the last place, from their bits.

The bits of a float, read as sign and magnitude, order like the floats themselves (IEEE 754-2019, 5.10); so
the distance is a difference of integers, with -0 and +0 in one place.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatFormat:
    """A binary interchange format: width, exponent and fraction bits (IEEE 754-2019, 3.6; bfloat16 likewise)."""

    width: int
    exponent: int
    fraction: int

    @property
    def infinity(self) -> int:
        """Return the bits of +infinity; a larger magnitude is a NaN."""
        return ((1 << self.exponent) - 1) << self.fraction


FORMATS = {
    "torch.float64": FloatFormat(width=64, exponent=11, fraction=52),
    "torch.float32": FloatFormat(width=32, exponent=8, fraction=23),
    "torch.float16": FloatFormat(width=16, exponent=5, fraction=10),
    "torch.bfloat16": FloatFormat(width=16, exponent=8, fraction=7),
}


def ulp_distance(left_bits: int, right_bits: int, form: FloatFormat) -> int | None:
    """Return how many steps of the format lie between two floats; None if exactly one is a NaN.

    Two NaNs are zero apart, whatever they carry.
    """
    left, right = _place(left_bits, form), _place(right_bits, form)
    if left is None or right is None:
        return 0 if left == right else None
    return abs(left - right)


def float32_bits(hex_float: str) -> int:
    """Return the bits of the float32 nearest to a hex float; beyond its range, those of infinity."""
    value = float.fromhex(hex_float)
    try:
        return int.from_bytes(struct.pack(">f", value), "big")
    except OverflowError:
        return int.from_bytes(struct.pack(">f", math.copysign(math.inf, value)), "big")


def float_of(bits: int, form: FloatFormat) -> float:
    """Return the value that `bits` stand for; a double holds each of the four formats exactly."""
    fraction = bits & ((1 << form.fraction) - 1)
    exponent = (bits >> form.fraction) & ((1 << form.exponent) - 1)
    sign = -1.0 if bits >> (form.width - 1) else 1.0
    if exponent == (1 << form.exponent) - 1:
        return float("nan") if fraction else sign * float("inf")
    bias = (1 << (form.exponent - 1)) - 1
    significand = fraction + ((1 << form.fraction) if exponent else 0)
    return sign * math.ldexp(significand, max(exponent, 1) - bias - form.fraction)


def _place(bits: int, form: FloatFormat) -> int | None:
    """Return the place of a float in the order of its format, None for a NaN."""
    magnitude = bits & ((1 << (form.width - 1)) - 1)
    if magnitude > form.infinity:
        return None
    return -magnitude if bits >> (form.width - 1) else magnitude

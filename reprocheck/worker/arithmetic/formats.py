"""Binary formats, and numbers as pairs of integers: inputs are built and outputs are read bit by bit.

Floats would hide what is looked for: where the processor flushes subnormals, Python's own floats are flushed too.
A number (n, e) stands for n * 2**e. Formats: IEEE 754-2019 3.6; bfloat16; OCP 8-bit Floating Point 1.0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Dict, NamedTuple, Optional, Tuple

Number = Tuple[int, int]


class Format(NamedTuple):
    """A binary floating-point format; exponents are those of the leading bit of normal numbers."""

    name: str
    torch_name: str
    bits: int
    fraction_bits: int
    min_exponent: int
    max_exponent: int


FORMATS: Dict[str, Format] = {
    form.name: form
    for form in (
        Format("fp64", "float64", 64, 52, -1022, 1023),
        Format("fp32", "float32", 32, 23, -126, 127),
        Format("bf16", "bfloat16", 16, 7, -126, 127),
        Format("fp16", "float16", 16, 10, -14, 15),
        Format("fp8e4m3", "float8_e4m3fn", 8, 3, -6, 8),
        Format("fp8e5m2", "float8_e5m2", 8, 2, -14, 15),
    )
}


def format_of(dtype: object) -> Format:
    """Return the format of a torch dtype."""
    return next(form for form in FORMATS.values() if str(dtype) == "torch." + form.torch_name)


def number_of(value: Fraction) -> Number:
    """Return a fraction whose denominator is a power of two as a number."""
    return value.numerator, 1 - value.denominator.bit_length()


def bits_of(form: Format, number: Number) -> int:
    """Return the bit pattern of a number, zero as +0; raises ValueError where the format does not hold it whole."""
    n, e = number
    if n == 0:
        return 0
    magnitude = abs(n)
    top = e + magnitude.bit_length() - 1
    unit = max(top, form.min_exponent) - form.fraction_bits
    field = magnitude << (e - unit) if e >= unit else magnitude >> (unit - e)
    if top > form.max_exponent or (e < unit and field << (unit - e) != magnitude):
        raise ValueError("{} does not hold {} * 2**{}".format(form.name, n, e))
    hidden = max(top - form.min_exponent, 0) << form.fraction_bits  # a subnormal has the exponent field 0
    return (int(n < 0) << (form.bits - 1)) | (hidden + field)


def value_of(form: Format, bits: int) -> Optional[Fraction]:
    """Return the value of a bit pattern; None for an infinity or a NaN."""
    sign, rest = bits >> (form.bits - 1), bits & ((1 << (form.bits - 1)) - 1)
    exponent, field = rest >> form.fraction_bits, rest & ((1 << form.fraction_bits) - 1)
    if exponent > form.max_exponent - form.min_exponent + 1 or (form.name == "fp8e4m3" and rest == 0x7F):
        return None
    if exponent:
        field += 1 << form.fraction_bits
    value = Fraction(field) * Fraction(2) ** (max(exponent, 1) - 1 + form.min_exponent - form.fraction_bits)
    return -value if sign else value

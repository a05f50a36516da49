"""Sketches of gradients in a record: eight projections as an exponent and eight mantissas that share it.

The mantissas have 24 bits: what is lost is 2^-24 of the sketch, the floor of any envelope. Those of bf16 and fp16 have
16 bits, which is a hundredth of the noise of such runs.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence

PROJECTIONS = 8
LOW_PRECISION = ("bf16", "fp16")
NOT_FINITE = 0x7FFF  # in the place of the exponent: an element of the gradient was NaN or infinite
EXPONENTS = range(-1200, 1025)  # those of a float64

Sketch = tuple[float, ...]


def pack_sketches(sketches: Sequence[Sketch], dtype: str) -> str:
    """Return the sketches of one step of a run in `dtype` as text; those without members are left out."""
    size = _mantissa_bytes(dtype)
    return base64.b64encode(b"".join(_block(one, size) for one in sketches if one)).decode("ascii").rstrip("=")


def unpack_sketches(text: str, count: int, dtype: str) -> tuple[Sketch, ...]:
    """Return the sketches that `text` holds, which must be `count`, of a run in `dtype`.

    Raises:
        ValueError: it holds something else; the message says what was expected.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise ValueError("expected sketches in base64") from error
    size = _mantissa_bytes(dtype)
    block = 2 + PROJECTIONS * size
    if len(data) != count * block or base64.b64encode(data).decode("ascii").rstrip("=") != text:
        raise ValueError(f"expected {count} sketches of {block} bytes in base64")
    return tuple(_values(data[start : start + block], size) for start in range(0, len(data), block))


def rounded_sketch(values: Sketch, dtype: str) -> Sketch:
    """Return a sketch as a record holds it, so that the two sides of a comparison are rounded alike."""
    size = _mantissa_bytes(dtype)
    return _values(_block(values, size), size) if values else values


def _mantissa_bytes(dtype: str) -> int:
    return 2 if dtype in LOW_PRECISION else 3


def _block(values: Sketch, size: int) -> bytes:
    if not all(map(math.isfinite, values)):
        return struct.pack(">h", NOT_FINITE) + bytes(PROJECTIONS * size)
    exponent = max((math.frexp(value)[1] for value in values if value), default=0)
    bits = 8 * size - 1
    largest = 2**bits - 1
    mantissas = [max(-largest, min(largest, round(math.ldexp(value, bits - exponent)))) for value in values]
    return struct.pack(">h", exponent) + b"".join(one.to_bytes(size, "big", signed=True) for one in mantissas)


def _values(block: bytes, size: int) -> Sketch:
    (exponent,) = struct.unpack(">h", block[:2])
    if exponent == NOT_FINITE:
        return (math.nan,) * PROJECTIONS
    if exponent not in EXPONENTS:
        raise ValueError("expected sketches of finite numbers")
    starts = range(2, len(block), size)
    mantissas = [int.from_bytes(block[start : start + size], "big", signed=True) for start in starts]
    return tuple(math.ldexp(mantissa, exponent - (8 * size - 1)) for mantissa in mantissas)

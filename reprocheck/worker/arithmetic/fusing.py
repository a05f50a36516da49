"""Does a product enter its addition whole, as a fused multiply-add has it, or is it rounded first?

The factors are chosen so that the product needs one bit more than the format has, and what is added takes the rest away.
"""

from __future__ import annotations

from functools import lru_cache
from typing import List, Tuple

import torch

from ..readings import unread
from .accumulation import Products, Told, seen
from .formats import FORMATS, Format
from .queries import K, tensor_of, vector_of


def fused_products(call: Products, form: Format, device: str, bits: int) -> Told:
    """Return whether any of the additions of a sum of products takes its product unrounded: yes, no or unread.

    `bits` is what is kept of the inputs. With a = 1 + 2**-bits and b = 1 + 2**-h, a * b - b is 2**-bits where the
    product was rounded, and 2**-bits * (1 + 2**-h) where it was not.
    """
    half = bits // 2 + 1
    queries, factors = _product_queries(form.name, device, bits, half)
    results = seen(call(queries, factors), 2 * (K - 1))
    rounded = {True: "no", False: "yes"}
    values = {value if value is None else value * 2**bits for value in results}
    return _named(values, whole=1 + _part(half), rounded=_part(0), names=rounded)


def fused_multiply_add(call: Products, form: Format, device: str) -> Told:
    """Return whether an operation of the form a * b + c rounds once (yes) or twice (no)."""
    bits = form.fraction_bits
    half = bits // 2 + 1
    rest = bits + 2 - half
    a, b = ((1 << half) + 1, -half), ((1 << rest) + 1, -rest)
    # 1 + 2**-half + 2**-rest: the product but for its last bit, a quarter of the last place.
    low, high = min(half, rest), max(half, rest)
    rounded = (-((1 << high) + (1 << (high - low)) + 1), -high) if low != high else (-((1 << (low - 1)) + 1), 1 - low)
    results = seen(_elementwise(call, form, device, a, b, rounded), 1)
    values = {value if value is None else value * 2 ** (bits + 2) for value in results}
    return _named(values, whole=_part(0), rounded=0 * _part(0), names={True: "no", False: "yes"})

"""The profile of one operation in one type: every property measured, or a status in its place."""

from __future__ import annotations

from typing import Any, Callable, Dict

from ..readings import unread
from .accumulation import (
    accumulator_of,
    accumulator_rounding,
    input_bits_of,
    input_rounding,
    output_rounding,
    summand_bits_of,
)
from .elementwise import conversion_rounding, pair_bits, pair_rounding, pair_subnormals
from .formats import FORMATS, Format
from .fusing import fused_multiply_add, fused_products
from .operations import Operation
from .queries import K, vector_of
from .subnormals import of_conversion, of_multiply_add, of_products, of_sums

Profile = Dict[str, Any]

UNNAMED = unread("irregular", "no one rounding explains the results")


def profile_of(operation: Operation, dtype: str, device: str) -> Profile:
    """Return the measured properties of an operation; raises what the operation raises."""
    form = FORMATS[dtype]
    return _PROFILES[operation.form](operation.call, form, device)


def _products(call: Callable[..., Any], form: Format, device: str) -> Profile:
    ones = vector_of(form, device, [(1, 0)] * K)
    told = _sums_of(lambda x_QK: call(x_QK, ones), form, device, input_bits_of(call, form, device))
    bits = told["inputBits"] if isinstance(told["inputBits"], int) else form.fraction_bits
    told["fused"] = fused_products(call, form, device, bits)
    told["subnormals"] = of_products(call, form, device)
    return told


def _sums(call: Callable[..., Any], form: Format, device: str) -> Profile:
    told = _sums_of(call, form, device, summand_bits_of(call, form, device))
    told["subnormals"] = of_sums(call, form, device)
    return told

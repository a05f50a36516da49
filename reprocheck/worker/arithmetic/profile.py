"""The profile of one operation in one type: every property that it has, measured, or a status in its place."""

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
from .elementwise import conversion_rounding, factor_bits, product_rounding
from .formats import FORMATS, Format
from .fusing import fused_multiply_add, fused_products
from .operations import Operation
from .queries import K, vector_of
from .subnormals import of_conversion, of_multiply_add, of_products, of_sums

Call = Callable[..., Any]
Profile = Dict[str, Any]

NO_ONE_ROUNDING = unread("irregular", "no one rounding explains the results")
HIDDEN = unread("hidden", "the accumulator holds no more bits")


def profile_of(operation: Operation, dtype: str, device: str) -> Profile:
    """Return the measured properties of an operation in `dtype`; raises what the operation raises."""
    return _PROFILES[operation.form](operation.call, FORMATS[dtype], device)


def _products(call: Call, form: Format, device: str) -> Profile:
    ones = vector_of(form, device, [(1, 0)] * K)
    told = _accumulated(lambda x_QK: call(x_QK, ones), form, device, input_bits_of(call, form, device))
    bits = told["inputBits"]
    told["fused"] = fused_products(call, form, device, bits if isinstance(bits, int) else form.fraction_bits)
    return {**told, "subnormals": of_products(call, form, device)}


def _sums(call: Call, form: Format, device: str) -> Profile:
    told = _accumulated(call, form, device, summand_bits_of(call, form, device))
    return {**told, "subnormals": of_sums(call, form, device)}


def _accumulated(sums: Call, form: Format, device: str, bits: int) -> Profile:
    """Return what inputs, accumulator and output keep; what is hidden behind a narrower accumulator has a status."""
    found = accumulator_of(sums, form, device)
    width, whole = found.bits, form.fraction_bits
    narrow = isinstance(width, int) and width < whole
    told: Profile = {"inputBits": HIDDEN if narrow and bits == width else bits, "accumulatorBits": width}
    if bits < whole and told["inputBits"] is not HIDDEN:
        told["inputRounding"] = input_rounding(sums, form, device, bits) or NO_ONE_ROUNDING
    if found.output == form:
        told["rounding"] = HIDDEN if narrow else output_rounding(sums, form, device) or NO_ONE_ROUNDING
    if isinstance(width, int) and width != whole:
        told["accumulatorRounding"] = accumulator_rounding(sums, form, device, found) or NO_ONE_ROUNDING
    return told


def _multiply_add(call: Call, form: Format, device: str) -> Profile:
    def sums(x_QK: Any) -> Any:
        c_Q, b_Q = x_QK[:, 0].contiguous(), x_QK[:, 1].contiguous()
        return call(vector_of(form, device, [(1, 0)] * len(b_Q)), b_Q, c_Q)

    return {
        "rounding": output_rounding(sums, form, device) or NO_ONE_ROUNDING,
        "fused": fused_multiply_add(call, form, device),
        "subnormals": of_multiply_add(call, form, device),
    }


def _addition(call: Call, form: Format, device: str) -> Profile:
    def sums(x_QK: Any) -> Any:
        return call(x_QK[:, 0].contiguous(), x_QK[:, 1].contiguous())

    return {
        "inputBits": summand_bits_of(sums, form, device),
        "rounding": output_rounding(sums, form, device) or NO_ONE_ROUNDING,
        "subnormals": of_sums(sums, form, device),
    }


def _product(call: Call, form: Format, device: str) -> Profile:
    def multiply_add(a_Q: Any, b_Q: Any, _: Any) -> Any:
        return call(a_Q, b_Q)

    return {
        "inputBits": factor_bits(call, form, device),
        "rounding": product_rounding(call, form, device) or NO_ONE_ROUNDING,
        "subnormals": of_multiply_add(multiply_add, form, device),
    }


def _conversion(call: Call, form: Format, device: str) -> Profile:
    """Return what becomes of numbers of fp32, or for fp32 of fp64."""
    source = FORMATS["fp64" if form.name == "fp32" else "fp32"]

    def convert(x_Q: Any) -> Any:
        return call(x_Q, form)

    return {
        "rounding": conversion_rounding(convert, source, form, device) or NO_ONE_ROUNDING,
        "subnormals": of_conversion(convert, source, form, device),
    }


_PROFILES: Dict[str, Callable[[Call, Format, str], Profile]] = {
    "products": _products,
    "sums": _sums,
    "multiply-add": _multiply_add,
    "addition": _addition,
    "product": _product,
    "conversion": _conversion,
}

"""The text of an operation: writing and reading are inverse, and what is no text of ours is refused."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.worker.operations.spelling import (
    Call,
    Symbol,
    TensorSpec,
    Unreadable,
    read_call,
    spelled_call,
    with_contents,
)

WEIGHT = TensorSpec(dtype="bf16", shape=(64, 192), strides=(1, 64), contents="-4")
TENSORS = st.builds(
    TensorSpec,
    dtype=st.sampled_from(["fp32", "bf16", "fp16", "fp64", "int64", "bool", "float8_e4m3fnuz"]),
    shape=st.lists(st.integers(0, 300), max_size=3).map(tuple),
    strides=st.none() | st.lists(st.integers(0, 300), max_size=3).map(tuple),
    device=st.sampled_from(["cpu", "cuda"]),
    contents=st.sampled_from(["", "z", "-4", "12+", "0-", "0:63", "-5:7^"]),
    alias=st.none() | st.integers(0, 9),
)
SYMBOLS = st.sampled_from(["dtype.fp32", "device.cpu", "layout.strided", "generator", "object"]).map(Symbol)
PLAIN = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | SYMBOLS | TENSORS
VALUES = PLAIN | st.sampled_from(["none", "sum", ""]) | st.lists(PLAIN | st.lists(PLAIN, max_size=2), max_size=4)
CALLS = st.builds(
    Call,
    name=st.sampled_from(["aten.mm.default", "aten.__and__.Scalar", "c10d.allreduce_.default"]),
    args=st.lists(VALUES, max_size=4).map(tuple),
    kwargs=st.dictionaries(st.sampled_from(["value", "dtype", "out"]), VALUES, max_size=2),
)


@given(CALLS)
def test_reading_what_was_written_is_identity(call: Call) -> None:
    assert read_call(spelled_call(call)) == call


def test_a_text_is_short_and_can_be_read_by_people() -> None:
    bias = TensorSpec(dtype="fp32", shape=(64,), contents="4+")
    call = Call("aten.addcmul_.default", ([bias, bias, WEIGHT], 0.5, 1e-3, None, True), {"dtype": Symbol("dtype.fp32")})
    assert spelled_call(call) == (
        "aten.addcmul_.default([fp32[64]~4+*2,bf16[64,192]{1,64}~-4],0.5,0x1.0624dd2f1a9fcp-10,none,true,"
        "dtype=dtype.fp32)"
    )


@pytest.mark.parametrize(("value", "text"), [(2.0, "2.0"), (-0.5, "-0.5"), (1024.5, "0x1.0020000000000p+10")])
def test_a_number_that_kernels_may_treat_in_its_own_way_stays_a_decimal(value: float, text: str) -> None:
    assert spelled_call(Call("aten.pow.Scalar", (value,), {})) == f"aten.pow.Scalar({text})"


def test_a_number_that_is_none_comes_back() -> None:
    (value,) = read_call(spelled_call(Call("aten.full.default", (math.nan,), {}))).args
    assert math.isnan(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aten.mm.default",
        "mm(fp32[2])",
        "aten.mm.default(fp32[2]",
        "aten.mm.default(fp32[2])x",
        "aten.mm.default(fp32[2] fp32[2])",
        "aten.mm.default(;)",
        "aten.mm.default([[[[[1]]]]])",
        "aten.mm.default([1*99999999])",
        "aten.mm.default([1*x])",
        "aten.mm.default([[1]*20000])",
        "aten.mm.default([1*20000,1*20000])",
    ],
)
def test_a_text_that_is_none_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_call(text)


@given(st.text(alphabet="aten.mdflp([1,2]*)~-+&'=x3{}@:^ ", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        read_call("aten.mm.default(" + text)


def test_contents_are_changed_one_by_one_or_for_all_floats() -> None:
    index: Any = TensorSpec(dtype="int64", shape=(3,), contents="0:2")
    call = Call("aten.index.Tensor", (WEIGHT, [index, WEIGHT]), {})
    assert [spec.contents for spec in with_contents(call, "8").tensors()] == ["8", "0:2", "8"]
    assert [spec.contents for spec in with_contents(call, ["a", "b", "c"]).tensors()] == ["a", "b", "c"]

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.sketches import pack_sketches, rounded_sketch, unpack_sketches

NOTHING = (math.nan,) * 8
SKETCHES = st.tuples(*[st.floats(allow_nan=False, allow_infinity=False, width=32)] * 8)


@given(st.lists(SKETCHES, max_size=4), st.sampled_from(["fp32", "bf16"]))
def test_reading_what_was_written_is_rounding(sketches: list[tuple[float, ...]], dtype: str) -> None:
    rounded = tuple(rounded_sketch(one, dtype) for one in sketches)
    assert unpack_sketches(pack_sketches(sketches, dtype), len(sketches), dtype) == rounded
    assert pack_sketches(rounded, dtype) == pack_sketches(sketches, dtype)


@given(SKETCHES)
def test_rounding_loses_less_than_the_floor_of_an_envelope(sketch: tuple[float, ...]) -> None:
    assert math.dist(sketch, rounded_sketch(sketch, "fp32")) <= 2.0**-22 * max(map(abs, sketch)) + 1e-300


@given(SKETCHES)
def test_low_precision_keeps_fifteen_bits(sketch: tuple[float, ...]) -> None:
    assert math.dist(sketch, rounded_sketch(sketch, "fp16")) <= 2.0**-13 * max(map(abs, sketch)) + 1e-300


def test_a_sketch_that_is_not_finite_stays_so() -> None:
    (back,) = unpack_sketches(pack_sketches([NOTHING], "fp32"), 1, "fp32")
    assert all(map(math.isnan, back))


def test_a_gradient_that_is_not_there_takes_no_room() -> None:
    assert pack_sketches([(), (1.0,) * 8, ()], "fp32") == pack_sketches([(1.0,) * 8], "fp32")
    assert rounded_sketch((), "fp32") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("é", "expected sketches in base64"),
        ("AAAA", "expected 1 sketches of 26 bytes in base64"),
        ("AAAA" * 9, "expected 1 sketches of 26 bytes in base64"),
        ("f/4" + "A" * 32, "expected sketches of finite numbers"),
        ("gAA" + "A" * 32, "expected sketches of finite numbers"),
    ],
)
def test_other_text_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpack_sketches(text, 1, "fp32")

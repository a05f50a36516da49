from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.numerics.ulp import FORMATS, float32_bits, float_of, ulp_distance

F32 = FORMATS["torch.float32"]
FORMAT_NAMES = sorted(FORMATS)


def bits32(value: float) -> int:
    return int.from_bytes(struct.pack(">f", value), "big")


def test_a_float_is_zero_from_itself() -> None:
    assert ulp_distance(bits32(1.5), bits32(1.5), F32) == 0


def test_neighbours_are_one_apart_across_a_power_of_two() -> None:
    assert ulp_distance(bits32(1.0), bits32(1.0) - 1, F32) == 1


def test_the_two_zeros_are_in_one_place() -> None:
    assert ulp_distance(bits32(0.0), bits32(-0.0), F32) == 0


def test_the_smallest_numbers_of_both_signs_are_two_apart() -> None:
    assert ulp_distance(0x00000001, 0x80000001, F32) == 2


def test_the_largest_number_is_one_from_infinity() -> None:
    assert ulp_distance(0x7F7FFFFF, bits32(math.inf), F32) == 1


def test_a_nan_has_no_distance_to_a_number() -> None:
    assert ulp_distance(0x7FC00000, bits32(1.0), F32) is None


def test_two_nans_are_not_apart_whatever_they_carry() -> None:
    assert ulp_distance(0x7FC00000, 0xFFC00001, F32) == 0


@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(data=st.data())
def test_the_distance_is_symmetric_and_zero_only_for_equal_values(name: str, data: st.DataObject) -> None:
    """A distance: d(x, y) = d(y, x), and d(x, y) = 0 exactly where x = y."""
    form = FORMATS[name]
    words = st.integers(0, (1 << form.width) - 1)
    left, right = data.draw(words), data.draw(words)
    there = ulp_distance(left, right, form)
    assert there == ulp_distance(right, left, form)
    values = float_of(left, form), float_of(right, form)
    if not any(map(math.isnan, values)):
        assert (there == 0) == (values[0] == values[1])


@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(data=st.data())
def test_distances_add_up_along_the_line(name: str, data: st.DataObject) -> None:
    """For x <= y <= z: d(x, z) = d(x, y) + d(y, z)."""
    form = FORMATS[name]
    finite = st.integers(0, (1 << form.width) - 1).filter(lambda bits: not math.isnan(float_of(bits, form)))
    x, y, z = sorted((data.draw(finite) for _ in range(3)), key=lambda bits: float_of(bits, form))
    distances = [ulp_distance(a, b, form) for a, b in ((x, z), (x, y), (y, z))]
    assert distances[0] == (distances[1] or 0) + (distances[2] or 0)


@given(st.floats(width=32))
def test_bits_become_the_value_that_struct_packed(value: float) -> None:
    assert struct.pack(">f", float_of(bits32(value), F32)) == struct.pack(">f", value) or math.isnan(value)


@given(st.floats(width=16))
def test_half_precision_bits_become_the_value_that_struct_packed(value: float) -> None:
    bits = int.from_bytes(struct.pack(">e", value), "big")
    seen = float_of(bits, FORMATS["torch.float16"])
    assert seen == value or (math.isnan(seen) and math.isnan(value))


@given(st.floats())
def test_double_precision_bits_become_the_value_that_struct_packed(value: float) -> None:
    bits = int.from_bytes(struct.pack(">d", value), "big")
    seen = float_of(bits, FORMATS["torch.float64"])
    assert seen == value or (math.isnan(seen) and math.isnan(value))


@given(st.floats(width=32, allow_nan=False))
def test_a_hex_float_gives_its_float32_bits(value: float) -> None:
    assert float32_bits(value.hex()) == bits32(value)


def test_a_hex_float_beyond_float32_counts_as_infinity() -> None:
    assert float32_bits("-0x1.0p+1000") == bits32(-math.inf)

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="inputs are tensors of torch", exc_type=ImportError)

from reprocheck.worker.inputs import (
    SIGNIFICAND_BITS,
    cancelling,
    cancelling_sum,
    hashed_indices,
    hashed_order,
    magnitude,
    mirrored,
    power_of_two,
    summed_scale,
    wide,
)

WIDE_3 = ["0x1.b14e4c0000000p+1", "-0x1.66f8a60000000p-3", "-0x1.be8a6c0000000p-1"]
DTYPES = sorted(SIGNIFICAND_BITS, key=str)


def exact(tensor: Any) -> list[Fraction]:
    return [Fraction(value) for value in tensor.double().reshape(-1).tolist()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("spread", "centre"), [(4, 0), (0, -1), (12, 0), (10, -3), (14, 0)])
def test_wide_numbers_fill_their_exponents_and_no_more(dtype: Any, spread: int, centre: int) -> None:
    sizes = wide(7, (40, 50), dtype, spread, centre).double().abs()
    exponents = torch.frexp(sizes).exponent - 1
    assert sorted(set(exponents.reshape(-1).tolist())) == list(range(centre - spread, centre + spread + 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_wide_numbers_use_both_signs_and_the_last_bit(dtype: Any) -> None:
    numbers = wide(7, (2000,), dtype)
    fraction = torch.frexp(numbers.double()).mantissa * 2.0 ** SIGNIFICAND_BITS[dtype]
    assert 800 < int((numbers < 0).sum()) < 1200
    assert bool((fraction == fraction.round()).all())
    assert 800 < int((fraction.to(torch.int64) % 2 != 0).sum()) < 1200


def test_a_number_is_the_same_in_every_type_up_to_the_bits_that_it_has() -> None:
    finest = wide(11, (500,), torch.float64)
    for dtype, bits in SIGNIFICAND_BITS.items():
        kept = wide(11, (500,), dtype).double()
        assert bool(((finest - kept).abs() < kept.abs() * 2.0 ** (1 - bits)).all())
        assert bool((kept.abs() <= finest.abs()).all())


def test_wide_numbers_are_these_bits_on_every_platform() -> None:
    assert [value.hex() for value in wide(3, (3,), torch.float32).double().tolist()] == WIDE_3


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cancelling_product_is_exactly_zero(dtype: Any) -> None:
    a, b = cancelling(5, 2, 12, 3, dtype)
    for m in range(2):
        for n in range(3):
            assert sum(x * y for x, y in zip(exact(a[m]), exact(b[:, n]), strict=True)) == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cancelling_sum_is_exactly_zero_and_too_wide_for_float32(dtype: Any) -> None:
    rows = cancelling_sum(5, 3, 200, dtype, 10)
    assert [sum(exact(row)) for row in rows] == [0, 0, 0]
    first = sum(exact(rows[0, :100]))
    assert Fraction(float(torch.tensor(float(first), dtype=torch.float32))) != first


def test_a_mirrored_half_comes_back_in_another_order() -> None:
    half = torch.arange(20)
    whole = mirrored(half, 0, -1, 9)
    assert whole[:20].tolist() == list(range(20))
    assert sorted((-whole[20:]).tolist()) == list(range(20))
    assert (-whole[20:]).tolist() != list(range(20))


def test_orders_and_indices_are_hashed() -> None:
    assert sorted(hashed_order(1, 100).tolist()) == list(range(100))
    assert hashed_order(1, 100).tolist() != hashed_order(2, 100).tolist()
    assert sorted(set(hashed_indices(1, 1000, 7).tolist())) == list(range(7))


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, 1.0), (1.5, 2.0), (0.3, 0.5), (2.0**-60, 2.0**-60), (1e9, 2.0**30)]
)
def test_the_power_of_two_at_or_above(value: float, expected: float) -> None:
    assert power_of_two(value) == expected


def test_the_magnitude_of_nothing_and_of_no_number_is_one() -> None:
    assert [magnitude(torch.tensor(values)) for values in ([], [0.0], [float("nan")], [float("inf")])] == [1.0] * 4
    assert magnitude(torch.tensor([-3.0, 1.0])) == 4.0


@pytest.mark.parametrize("spreads", [(4,), (4, 4), (10,), (2, 0)])
def test_the_scale_of_a_sum_is_its_mean_sum_of_magnitudes(spreads: tuple[int, ...]) -> None:
    product = torch.ones(400, 50, dtype=torch.float64)
    for number, spread in enumerate(spreads):
        product = product * wide(number, (400, 50), torch.float64, spread).abs()
    mean = float(product.sum(1).mean())
    assert 0.9 * mean <= summed_scale(50, *spreads) <= 2.1 * mean

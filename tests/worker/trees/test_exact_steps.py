"""One rounding, against fractions; adders of many, against the description in fractions."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="the steps are torch's", exc_type=ImportError)

from reprocheck.worker.inputs import SIGNIFICAND_BITS, wide
from reprocheck.worker.trees.exact_steps import exact_product, fused_multiply_add
from reprocheck.worker.trees.wide_adders import EXACT, EXTRA_PLACES, added_at_once, exponent_of

COUNT = 3000
TYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


def nearest(value: Fraction, bits: int) -> Fraction:
    """Return the number of so many bits that is nearest, ties to even."""
    if value == 0:
        return value
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= abs(value) < Fraction(2) ** exponent
    place = Fraction(2) ** (exponent - bits + 1)
    return round(value / place) * place


@pytest.mark.parametrize("dtype", TYPES)
def test_a_product_is_added_with_one_rounding(dtype: Any) -> None:
    """Random addends, addends that nearly take the product back, and addends at ties, where two roundings show."""
    bits = SIGNIFICAND_BITS[dtype]
    spread = 2 if dtype == torch.float16 else 8
    a, b = wide(1, (3 * COUNT,), dtype, spread), wide(3, (3 * COUNT,), dtype, spread)
    c = wide(5, (3 * COUNT,), dtype, min(14, 2 * spread))
    c[COUNT : 2 * COUNT] = -(a * b)[COUNT : 2 * COUNT]
    # Large and even, with half a last place from the product: next to a tie, on the side that the rest decides.
    c[2 * COUNT :] = (a * b)[2 * COUNT :] * 2.0 ** (bits // 2)
    a, b, c = (value.to(torch.float64).to(dtype) for value in (a, b, c))
    got = fused_multiply_add(exact_product(a.to(torch.float64), b.to(torch.float64)), c).to(torch.float64).tolist()
    factors = zip(a.to(torch.float64).tolist(), b.to(torch.float64).tolist(), c.to(torch.float64).tolist(), strict=True)
    assert got == [float(nearest(Fraction(x) * Fraction(y) + Fraction(z), bits)) for x, y, z in factors]


def test_a_tie_of_float32_is_decided_by_what_lies_below_float64() -> None:
    """1 + 2^-24 is a tie; 2^-80 more must round it up, though float64 cannot hold that sum."""
    product = torch.tensor([1.0 + 2.0**-24], dtype=torch.float64)
    for addend, expected in ((2.0**-80, 1.0 + 2.0**-23), (0.0, 1.0), (-(2.0**-80), 1.0)):
        total = fused_multiply_add((product, product * 0), torch.tensor([addend], dtype=torch.float32))
        assert total.tolist() == [expected]


def test_a_product_of_float64_is_split_without_loss() -> None:
    a, b = wide(7, (COUNT,), torch.float64), wide(9, (COUNT,), torch.float64)
    high, low = exact_product(a, b)
    pairs = zip(high.tolist(), low.tolist(), a.tolist(), b.tolist(), strict=True)
    assert all(Fraction(x) + Fraction(y) == Fraction(p) * Fraction(q) for x, y, p, q in pairs)


def leading(value: Fraction) -> int:
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent - (abs(value) < Fraction(2) ** exponent)


def cut(value: Fraction, place: Fraction) -> Fraction:
    return int(value / place) * place


@pytest.mark.parametrize("extra", EXTRA_PLACES)
def test_addends_are_aligned_cut_and_added_at_once(extra: int) -> None:
    addends = wide(11, (5, 400), torch.float32, 12).to(torch.float64)
    got = added_at_once(addends, exponent_of(addends), extra).to(torch.float64).tolist()
    for column, total in zip(addends.t().tolist(), got, strict=True):
        exact = [Fraction(addend) for addend in column]
        if extra == EXACT:
            assert total == float(nearest(sum(exact, Fraction(0)), 24))
        else:
            place = Fraction(2) ** (max(map(leading, exact)) - 23 - extra)
            kept = sum((cut(addend, place) for addend in exact), Fraction(0))
            assert total == float(cut(kept, Fraction(2) ** (leading(kept) - 23)) if kept else kept)


def test_exponents_are_those_of_the_leading_bit() -> None:
    assert exponent_of(torch.tensor([1.0, 1.5, 2.0, -0.75, 0.0], dtype=torch.float64)).tolist() == [0, 0, 1, -1, -1000]

from __future__ import annotations

import math
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.worker.hashing import hashed_floats
from reprocheck.worker.sketches import FOLD, PROJECTIONS, sketch


def distance(left: list[float], right: list[float]) -> float:
    return math.dist(left, right) / math.sqrt(PROJECTIONS)


@pytest.mark.parametrize("count", [100, 5_000, 3 * FOLD + 17])
def test_the_distance_of_sketches_estimates_that_of_gradients(count: int) -> None:
    """Johnson and Lindenstrauss: with eight projections the estimate lies within a factor of two, nearly always."""
    gradient, noise = hashed_floats(1, count), 1e-4 * hashed_floats(2, count)
    ratios = [
        distance(sketch(name, gradient), sketch(name, gradient + noise)) / float(noise.norm())
        for name in ("a", "b", "c", "d", "e")
    ]
    assert 0.5 < sorted(ratios)[2] < 1.6
    assert all(0.3 < ratio < 2.2 for ratio in ratios)


def test_equal_gradients_have_equal_sketches() -> None:
    gradient = hashed_floats(1, 1_000)
    assert sketch("w", gradient) == sketch("w", gradient.clone())


def test_one_unit_in_the_last_place_of_one_element_is_seen() -> None:
    gradient = hashed_floats(1, 1_000)
    moved = gradient.clone()
    moved[3] += 2.0**-24
    assert sketch("w", gradient) != sketch("w", moved)


def test_the_name_chooses_the_signs() -> None:
    assert sketch("a", hashed_floats(1, 100)) != sketch("b", hashed_floats(1, 100))


def test_the_parts_of_a_long_gradient_have_signs_of_their_own() -> None:
    """A gradient that repeats itself must not cancel: what is added in one part is not taken off in the next."""
    part = hashed_floats(1, FOLD)
    assert distance(sketch("w", torch.cat([part, -part])), [0.0] * PROJECTIONS) > 0.3 * float(part.norm())


def test_neither_shape_nor_storage_decides() -> None:
    square = hashed_floats(1, 64).view(8, 8)
    assert sketch("w", square.t()) == sketch("w", square.t().contiguous().view(-1))
    assert sketch("w", square) != sketch("w", square.t())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_element_that_is_not_finite_makes_all_of_it_nan(value: float) -> None:
    gradient = hashed_floats(1, 100)
    gradient[7] = value
    assert all(math.isnan(projection) for projection in sketch("w", gradient))


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
def test_low_precision_is_taken_exactly(dtype: str) -> None:
    gradient = hashed_floats(1, 500).to(getattr(torch, dtype))
    assert sketch("w", gradient) == sketch("w", gradient.double())


def test_odd_kinds_of_gradients_are_taken_too() -> None:
    assert sketch("w", torch.zeros(0)) == [0.0] * PROJECTIONS
    assert {abs(value) for value in sketch("w", torch.tensor(2.0))} == {2.0}
    assert sketch("w", torch.eye(4).to_sparse()) == sketch("w", torch.eye(4))
    assert sketch("w", torch.complex(torch.ones(2), torch.zeros(2))) == sketch("w", torch.tensor([1.0, 0.0, 1.0, 0.0]))

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="tensors are torch's", exc_type=ImportError)

from reprocheck.worker.hashing import hashed_floats
from reprocheck.worker.perturbation import ONE_IN_OF_HALVES, flip_one_bit, perturb


def weights(dtype: str = "float32", count: int = 4096) -> Any:
    return torch.nn.Parameter(hashed_floats(7, count).to(getattr(torch, dtype)))


def moved(parameter: Any, member: int = 1, name: str = "w") -> Any:
    copy = torch.nn.Parameter(parameter.detach().clone())
    perturb(torch, {name: copy}, member)
    return copy.detach()


@pytest.mark.parametrize(("dtype", "integers"), [("float32", "int32"), ("float64", "int64")])
def test_every_element_moves_by_one_unit_up_or_down(dtype: str, integers: str) -> None:
    parameter = weights(dtype)
    kind = getattr(torch, integers)
    steps = moved(parameter).view(kind) - parameter.detach().view(kind)
    present = parameter.detach() != 0
    assert set(steps[present].tolist()) == {-1, 1}
    assert 0.4 < float((steps == 1).double().mean()) < 0.6


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_few_elements_of_a_16_bit_parameter_move(dtype: str) -> None:
    parameter = weights(dtype)
    share = float((moved(parameter) != parameter.detach()).double().mean())
    assert 0.5 / ONE_IN_OF_HALVES < share < 1.5 / ONE_IN_OF_HALVES


def test_zeros_infinities_and_nan_stay() -> None:
    parameter = torch.nn.Parameter(torch.tensor([0.0, -0.0, math.inf, -math.inf, math.nan]))
    assert moved(parameter).view(torch.int32).tolist() == parameter.detach().view(torch.int32).tolist()


def test_no_element_leaves_the_finite_numbers() -> None:
    largest = torch.nn.Parameter(torch.full((64,), torch.finfo(torch.float32).max))
    assert bool(torch.isfinite(moved(largest)).all())


def test_members_and_names_move_otherwise_and_each_always_alike() -> None:
    parameter = weights()
    assert bool((moved(parameter, 1) == moved(parameter, 1)).all())
    assert bool((moved(parameter, 1) != moved(parameter, 2)).any())
    assert bool((moved(parameter, 1, "a") != moved(parameter, 1, "b")).any())


def test_a_parameter_that_is_a_view_is_moved_in_place() -> None:
    whole = hashed_floats(7, 64).view(8, 8)
    before = whole.clone()
    perturb(torch, {"w": torch.nn.Parameter(whole.t()[::2])}, 1)
    assert bool((whole[:, ::2] != before[:, ::2]).all())
    assert bool((whole[:, 1::2] == before[:, 1::2]).all())


def test_integers_and_empty_tensors_are_left_alone() -> None:
    counts, nothing = torch.arange(4), torch.zeros(0)
    perturb(torch, {"counts": counts, "nothing": nothing}, 1)
    assert counts.tolist() == [0, 1, 2, 3]


def test_no_generator_is_drawn_from() -> None:
    before = torch.get_rng_state()
    perturb(torch, {"w": weights()}, 1)
    assert bool((torch.get_rng_state() == before).all())


def test_one_bit_of_one_weight_is_flipped() -> None:
    matrices = {"bias": torch.nn.Parameter(torch.ones(4)), "w": torch.nn.Parameter(torch.ones(4, 4))}
    flip_one_bit(torch, matrices, 22)
    assert matrices["w"].detach().view(-1).tolist() == [1.5, *[1.0] * 15]
    assert matrices["bias"].tolist() == [1.0] * 4

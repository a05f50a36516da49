from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.numerics.runs import DEFAULT_RUNS, plan_runs


def test_the_default_runs_cover_every_precision_both_models_and_two_ranks() -> None:
    plans = plan_runs([], seed=0, steps=10)
    assert tuple(plan.name for plan in plans) == DEFAULT_RUNS
    assert {plan.dtype for plan in plans} == {"fp32", "bf16", "fp16"}
    assert {plan.workload for plan in plans} == {"transformer", "convnet"}
    assert {plan.world_size for plan in plans} == {1, 2}


@pytest.mark.parametrize(
    ("name", "dtype", "world_size"),
    [("convnet", "fp32", 1), ("convnet:bf16", "bf16", 1), ("convnet:fp16:2", "fp16", 2), ("convnet::2", "fp32", 2)],
)
def test_parts_that_are_left_out_are_fp32_and_one_rank(name: str, dtype: str, world_size: int) -> None:
    (plan,) = plan_runs([name], seed=3, steps=7)
    assert (plan.workload, plan.dtype, plan.world_size) == ("convnet", dtype, world_size)
    assert (plan.seed, plan.step_count) == (3, 7)


def test_a_run_that_is_asked_for_twice_is_run_once() -> None:
    assert len(plan_runs(["convnet", "convnet:fp32:1"], seed=0, steps=1)) == 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "resnet",
            ["error: unknown workload `resnet` in `resnet`", "  why:   expected one of `convnet`, `transformer`"],
        ),
        (
            "convnet:fp8",
            ["error: unknown precision `fp8` in `convnet:fp8`", "  why:   expected one of `fp32`, `bf16`, `fp16`"],
        ),
        (
            "convnet:fp32:0",
            [
                "error: unknown world size `0` in `convnet:fp32:0`",
                "  why:   expected one of `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`",
            ],
        ),
        ("a:b:c:d", ["error: `a:b:c:d` has too many parts", "  why:   expected NAME[:dtype[:world_size]]"]),
    ],
)
def test_an_unknown_part_of_a_name_is_told_with_what_is_known(name: str, lines: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        plan_runs([name], seed=0, steps=1)
    what, why = lines
    assert caught.value.lines() == [what, "  where: --workload", why, "  how:   write for example `transformer:bf16:2`"]

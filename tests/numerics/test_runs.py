from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.numerics.runs import (
    DEFAULT_RUNS,
    PIECES,
    plan_runs,
    twin_of,
    uninterrupted,
    with_companions,
    workload_fault,
)


def test_the_default_runs_cover_every_precision_both_models_two_ranks_and_most_pieces() -> None:
    plans = plan_runs([], seed=0, steps=10)
    assert tuple(plan.name for plan in plans) == DEFAULT_RUNS
    assert {plan.dtype for plan in plans} == {"fp32", "bf16", "fp16"}
    assert {plan.world_size for plan in plans} == {1, 2}
    parts = {part for plan in plans for part in plan.workload.split("-")}
    assert parts == {"transformer", "convnet", *PIECES} - {"unclipped"}


def test_the_default_runs_hold_the_companions_of_all_of_them() -> None:
    plans = plan_runs([], seed=0, steps=10)
    assert with_companions(plans) == plans


@pytest.mark.parametrize(
    ("name", "dtype", "world_size"),
    [("convnet", "fp32", 1), ("convnet:bf16", "bf16", 1), ("convnet:fp16:2", "fp16", 2), ("convnet::2", "fp32", 2)],
)
def test_parts_that_are_left_out_are_fp32_and_one_rank(name: str, dtype: str, world_size: int) -> None:
    (plan,) = plan_runs([name], seed=3, steps=7)
    assert (plan.workload, plan.dtype, plan.world_size) == ("convnet", dtype, world_size)
    assert (plan.seed, plan.step_count) == (3, 7)


def test_a_run_that_is_asked_for_twice_is_run_once() -> None:
    names = ["convnet", "convnet:fp32:1", "convnet-resume-adam", "convnet-adam-resume-adam"]
    plans = plan_runs(names, seed=0, steps=1)
    assert [plan.name for plan in plans] == ["convnet:fp32", "convnet-adam-resume:fp32"]


def test_adam_has_a_learning_rate_of_its_own() -> None:
    rates = [plan.learning_rate for plan in plan_runs(["convnet", "convnet-adam", "transformer"], seed=0, steps=1)]
    assert [float.fromhex(rate) for rate in rates] == [2.0**-5, 2.0**-8, 2.0**-8]


def test_a_run_in_mixed_precision_brings_its_twin_and_one_that_resumes_the_run_without_a_stop() -> None:
    plans = plan_runs(["convnet-loader-resume:bf16:2", "convnet:fp32"], seed=0, steps=6)
    assert [plan.name for plan in with_companions(plans)] == [
        "convnet-loader:fp32:2",
        "convnet-loader-resume:fp32:2",
        "convnet-loader:bf16:2",
        "convnet-loader-resume:bf16:2",
        "convnet:fp32",
    ]


def test_a_run_that_ends_before_it_could_resume_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        with_companions(plan_runs(["convnet-resume"], seed=0, steps=5))
    assert caught.value.lines() == [
        "error: `convnet-resume:fp32` ends before it could resume",
        "  where: --steps",
        "  why:   it stops after 5 steps",
        "  how:   ask for 6 steps or more",
    ]


def test_short_default_runs_are_those_that_do_not_resume() -> None:
    names = [plan.name for plan in with_companions(plan_runs([], seed=0, steps=5))]
    assert names == [name for name in DEFAULT_RUNS if "resume" not in name]


def test_a_plain_run_in_fp32_needs_no_companion() -> None:
    (plan,) = plan_runs(["convnet-loader:fp32:2"], seed=0, steps=4)
    assert (twin_of(plan), uninterrupted(plan), with_companions([plan])) == (None, None, (plan,))


@pytest.mark.parametrize(
    ("workload", "fault"),
    [
        ("convnet-adam-accumulate-unclipped-loader-resume", ""),
        ("transformer", ""),
        ("convnet-resume-adam", "expected its pieces once and in order"),
        ("convnet-adam-adam", "expected its pieces once and in order"),
        ("resnet", "expected one of `convnet`, `transformer`"),
        (
            "convnet-lion",
            "`lion` is no piece, expected `adam`, `accumulate`, `unclipped`, `loader`, `resume`",
        ),
        ("convnet-", "`` is no piece, expected `adam`, `accumulate`, `unclipped`, `loader`, `resume`"),
    ],
)
def test_a_name_in_a_record_is_a_model_with_pieces_in_order(workload: str, fault: str) -> None:
    assert workload_fault(workload) == fault


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "resnet",
            ["error: unknown workload `resnet` in `resnet`", "  why:   expected one of `convnet`, `transformer`"],
        ),
        (
            "convnet-lion:bf16",
            [
                "error: unknown workload `convnet-lion` in `convnet-lion:bf16`",
                "  why:   `lion` is no piece, expected `adam`, `accumulate`, `unclipped`, `loader`, `resume`",
            ],
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
        (
            "convnet-accumulate:fp32:5",
            [
                "error: `convnet-accumulate:fp32:5` has too many ranks",
                "  why:   a batch of 8 is accumulated on 4 ranks at most",
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

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.records import Run
from reprocheck.model.verdicts import Check, Status
from reprocheck.numerics.runs import plan_runs
from reprocheck.numerics.twins import (
    AS_WITHOUT,
    held_against_twins,
    resumption,
    resumption_check,
    with_resumption,
)

TWIN = "transformer:fp32:2"
PARTED = "otherwise from step 1 on, rank 0: optimizer, value of `first.weight`"


def named(run: Run, name: str) -> Run:
    return replace(run, plan=plan_runs([name], seed=0, steps=2)[0])


def check(status: Status, ratio: str = "") -> Check:
    return Check(name="x", status=status, detail="R 1.30 of 5" if ratio else "2 steps bitwise", ratio=ratio)


@pytest.mark.parametrize(
    ("twin", "status", "detail"),
    [
        (check("pass"), "pass", "R 1.30 of 5; its twin `transformer:fp32:2` passes too"),
        (check("pass", "0.90"), "pass", "R 1.30 of 5; its twin `transformer:fp32:2` passes too"),
        (
            check("fail"),
            "review",
            "R 1.30 of 5; its twin `transformer:fp32:2` fails, and what fails there is hidden here",
        ),
        (check("skip"), "review", "R 1.30 of 5; its twin `transformer:fp32:2` was not compared"),
    ],
)
def test_a_pass_by_envelope_says_how_the_twin_fared(run: Run, twin: Check, status: str, detail: str) -> None:
    runs = [named(run, "transformer:bf16:2"), named(run, TWIN)]
    half, other = held_against_twins(runs, [check("pass", "1.30"), twin])
    assert (half.status, half.detail, other) == (status, detail, twin)


def test_a_pass_by_envelope_without_a_twin_is_to_be_reviewed(run: Run) -> None:
    runs = [named(run, "transformer:bf16:2"), named(run, "transformer:fp32")]
    (half, _) = held_against_twins(runs, [check("pass", "1.30"), check("pass")])
    assert (half.status, half.detail) == ("review", "R 1.30 of 5; its twin `transformer:fp32:2` was not compared")


def test_bitwise_runs_failures_and_fp32_need_no_twin(run: Run) -> None:
    runs = [named(run, name) for name in ("transformer:bf16:2", "convnet:bf16:2", "convnet:fp32:2")]
    checks = [check("pass"), check("fail", "7.00"), check("pass", "1.30")]
    assert held_against_twins(runs, checks) == tuple(checks)


@pytest.fixture
def resumed(run: Run) -> Run:
    return named(run, "transformer-resume:fp32:2")


def test_a_resumed_run_with_the_bits_of_the_whole_one_says_so(run: Run, resumed: Run) -> None:
    assert [each.resumed for each in with_resumption([run, resumed])] == ["", AS_WITHOUT]


def test_a_resumed_run_that_parts_says_at_which_step_and_tensor(
    run: Run, resumed: Run, altered: Callable[..., Run]
) -> None:
    other = altered(1, 0, parameters=("f" * 16 + ":00000000.00000000", *run.steps[1][0].parameters[1:]))
    assert resumption(resumed, [other, resumed]) == PARTED


def test_without_the_whole_run_nothing_is_said(run: Run, resumed: Run) -> None:
    assert resumption(resumed, [resumed]) == ""
    assert resumption(resumed, [replace(run, unsupported="no torch", steps=()), resumed]) == ""
    assert resumption_check([run], [run]) is None


@pytest.mark.parametrize(
    ("there", "parts", "status", "detail"),
    [
        (AS_WITHOUT, False, "pass", "1 of 1 as without a stop"),
        (PARTED, False, "pass", "1 of 1 as without a stop"),
        (PARTED, True, "pass", "0 of 1 as without a stop, but transformer-resume:fp32:2 otherwise, as in the record"),
        (AS_WITHOUT, True, "fail", f"transformer-resume:fp32:2: {PARTED}; in the record as without a stop"),
    ],
)
def test_runs_resume_here_as_they_did_there(
    run: Run, resumed: Run, altered: Callable[..., Run], there: str, *, parts: bool, status: Status, detail: str
) -> None:
    other = altered(1, 0, parameters=("f" * 16 + ":00000000.00000000", *run.steps[1][0].parameters[1:]))
    observed = [other if parts else run, resumed]
    assert resumption_check([run, replace(resumed, resumed=there)], observed) == Check(
        name="resumed", status=status, detail=detail
    )

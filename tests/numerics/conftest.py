"""Small runs made by hand: two ranks, two steps, three tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.records import RankStep, Record, Run, RunPlan, TensorSpec
from reprocheck.numerics.runs import plan_runs

ONE = "3f800000"  # the bits of 1.0 in float32
TENSORS = (
    TensorSpec(name="first.weight", dtype="torch.float32", shape=(2, 2)),
    TensorSpec(name="last.bias", dtype="torch.float32", shape=(1,)),
    TensorSpec(name="count", dtype="torch.int64", shape=()),
)
STEP = RankStep(
    data="d" * 32,
    loss="0x1.8000000000000p+1",
    loss_scale="0x1.0000000000000p+0",
    gradients=(f"{'a' * 16}:{ONE}.{ONE}", f"{'b' * 16}:{ONE}"),
    gradient_norm="0x1.0000000000000p+0",
    learning_rate="0x1.0000000000000p-8",
    skipped=False,
    parameters=(f"{'c' * 16}:{ONE}.{ONE}", f"{'d' * 16}:{ONE}", f"{'e' * 16}:0000000000000001"),
)


@pytest.fixture
def plan() -> RunPlan:
    return plan_runs(["transformer:fp32:2"], seed=0, steps=2)[0]


@pytest.fixture
def run(plan: RunPlan) -> Run:
    start = STEP.parameters
    return Run(
        plan=plan,
        in_force={"device": "cpu", "threads": 1, "torch": "2.13.0"},
        tensors=TENSORS,
        initial=(start, start),
        steps=((STEP, STEP), (STEP, STEP)),
    )


@pytest.fixture
def record(run: Run) -> Record:
    return Record(
        fingerprint={"schema": "reprocheck/fingerprint/1", "software": {"torch": {"version": "2.13.0"}}},
        lock={"status": "missing", "detail": "no `conda-lock.yml` beside the record"},
        device="cpu",
        threads=1,
        runs=(run,),
    )


@pytest.fixture
def altered(run: Run) -> Callable[..., Run]:
    """Return the run with some fields of one rank's step replaced."""

    def alter(step: int, rank: int, **fields: object) -> Run:
        steps = [list(ranks) for ranks in run.steps]
        steps[step][rank] = replace(steps[step][rank], **fields)  # type: ignore[arg-type]  # checked by replace itself
        return replace(run, steps=tuple(tuple(ranks) for ranks in steps))

    return alter

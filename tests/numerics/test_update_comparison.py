from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from reprocheck.model.optimizer_updates import RunUpdates, UpdateSample
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Cause, Check
from reprocheck.numerics.drills import Drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.update_comparison import compare_updates
from reprocheck.reports.verdict_text import render_verdict

VALUES = (1.0, -0.5, 0.0625, -0.03125, 0.0009765625, 0.5)
GRADIENTS = (0.5, -0.0625, 0.0078125, -0.0009765625, 0.000030517578125, 0.00000095367431640625)
RATE = 2.0**-8


def bits(values: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(int.from_bytes(struct.pack(">f", value), "big") for value in values)


def sample(step: int, updates: tuple[float, ...]) -> UpdateSample:
    after = tuple(value - update for value, update in zip(VALUES, updates, strict=True))
    return UpdateSample(step=step, group=0, optimizer="SGD", after=bits(after))


def with_updates(run: Run, *samples: UpdateSample) -> Run:
    return replace(run, updates=RunUpdates(before=bits(VALUES), gradient=bits(GRADIENTS), samples=samples))


def step_of(rate: float) -> tuple[float, ...]:
    return tuple(rate * gradient * 16 for gradient in GRADIENTS)


@pytest.fixture
def recorded(run: Run) -> Run:
    return with_updates(run, sample(0, step_of(RATE)), sample(1, step_of(RATE)))


def failed(recorded: Run, observed: Run) -> tuple[Check, Cause]:
    outcome = compare_updates([recorded], [observed])
    assert outcome
    check, (cause,) = outcome
    assert check.status == "fail"
    return check, cause


def test_equal_updates_pass(recorded: Run) -> None:
    assert compare_updates([recorded], [recorded]) == (
        Check(name="updates", status="pass", detail="2 updates of hashed numbers as recorded"),
        (),
    )


def test_the_roundings_of_another_platform_are_silent(recorded: Run) -> None:
    moved = tuple(update * (1 + 5e-7) for update in step_of(RATE))
    outcome = compare_updates([recorded], [with_updates(recorded, sample(0, moved), sample(1, moved))])
    assert outcome
    assert outcome[0].status == "pass"


def test_a_learning_rate_that_is_off_by_a_thousandth_is_named(recorded: Run) -> None:
    other = step_of(RATE * 1.001)
    check, cause = failed(recorded, with_updates(recorded, sample(0, other), sample(1, other)))
    assert check.detail == (
        "transformer:fp32:2, step 0: the update of parameter group 0 (SGD) on hashed numbers differs by 0.001 of "
        "itself, in element 0 it is -0.0312812328 instead of -0.03125"
    )
    assert cause == Cause(
        what="the optimizer: the update is 1.001 times as large: learning rate",
        evidence=(
            "transformer:fp32:2, step 1, parameter group 0 (SGD): the same numbers in, others out",
            "relative difference 0.001, where roundings make less than 5e-07",
        ),
        fix="compare the learning rate with the recorded run's",
    )


def test_the_rate_of_the_next_step_is_a_schedule_that_is_early(recorded: Run) -> None:
    steps = tuple(
        tuple(replace(rank, learning_rate=(RATE * (number + 1)).hex()) for rank in ranks)
        for number, ranks in enumerate(recorded.steps)
    )
    scheduled = replace(recorded, steps=steps)
    _, cause = failed(scheduled, with_updates(scheduled, sample(0, step_of(2 * RATE)), sample(1, step_of(RATE))))
    assert cause.what == "the optimizer: the update is 2 times as large: the schedule is one step early"
    assert cause.fix == "compare the learning-rate schedule with the recorded run's"
    _, cause = failed(scheduled, with_updates(scheduled, sample(0, step_of(RATE)), sample(1, step_of(RATE / 2))))
    assert cause.what == "the optimizer: the update is 0.5 times as large: the schedule is one step late"


def test_what_fades_is_read_where_it_is_seen(recorded: Run) -> None:
    decayed = tuple(u + 0.25 * RATE * v for u, v in zip(step_of(RATE), VALUES, strict=True))
    _, cause = failed(recorded, with_updates(recorded, sample(0, decayed), sample(1, step_of(RATE))))
    assert cause.what == "the optimizer: each value moves by -0.000977 of itself more: weight decay"
    assert cause.evidence[0].startswith("transformer:fp32:2, step 0, ")


def test_a_fault_that_noise_hides_is_a_verdict(record: Record, recorded: Run) -> None:
    """The runs are equal here, as they would be within an envelope; their optimizers are not."""
    other = step_of(RATE * 0.999)
    observed = with_updates(recorded, sample(0, other), sample(1, other))
    reference = replace(record, runs=(recorded,))
    verdict = judge(reference, Seen(fingerprint=record.fingerprint, lock=record.lock, runs=(observed,)), Drills())
    assert (verdict.outcome, verdict.exit_code) == ("not-reproduced", 1)
    assert verdict.causes[0].what == "the optimizer: the update is 0.999 times as large: learning rate"
    text = render_verdict(verdict)
    assert text.startswith("not reproduced: ")
    assert "  fail    updates" in text


def test_an_update_that_is_not_finite_is_told(recorded: Run) -> None:
    broken = (float("nan"), *step_of(RATE)[1:])
    check, cause = failed(recorded, with_updates(recorded, sample(0, broken), sample(1, step_of(RATE))))
    assert "in element 0 it is nan instead of" in check.detail
    assert cause.what == "the optimizer: the update is not finite"


def test_runs_that_left_out_other_steps_are_not_compared(recorded: Run) -> None:
    """After another overflow the optimizer has taken another number of steps, which is not its fault."""
    first = tuple(replace(rank, skipped=True) for rank in recorded.steps[0])
    observed = with_updates(recorded, sample(0, step_of(1.0)), sample(1, step_of(1.0)))
    outcome = compare_updates([recorded], [replace(observed, steps=(first, *recorded.steps[1:]))])
    assert outcome == (Check(name="updates", status="skip", detail="no recorded update was repeated here"), ())


def test_a_record_without_updates_has_no_check(run: Run, recorded: Run) -> None:
    assert compare_updates([run], [recorded]) is None


def test_a_run_that_is_not_possible_here_is_left_out(run: Run, recorded: Run) -> None:
    outcome = compare_updates([recorded, recorded], [replace(run, unsupported="no GradScaler"), recorded])
    assert outcome
    assert outcome[0].detail == "2 updates of hashed numbers as recorded"


def test_other_inputs_are_not_compared(recorded: Run) -> None:
    """A later release may hash other numbers."""
    other = replace(recorded, updates=RunUpdates(before=bits(GRADIENTS), gradient=bits(GRADIENTS), samples=()))
    outcome = compare_updates([recorded], [other])
    assert outcome
    assert outcome[0].status == "skip"

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reprocheck.model.envelopes import FLOOR, GRADIENT_NORM, LARGEST_GRADE, LOSS, grade_of, limit_of, ratio_text
from reprocheck.model.records import RankStep
from reprocheck.numerics.envelopes import (
    REACH,
    Excess,
    Step,
    first_beyond,
    first_other_scale,
    grades_of,
    held_out_ratios,
    rows_of,
    worst,
)
from tests.numerics.conftest import STEP

ONE = (1.0, 0.0)
TWO = (3.0, 4.0)


def step(loss: float = 4.0, norm: float = 2.0, *sketches: tuple[float, ...], **fields: object) -> RankStep:
    told = replace(STEP, loss=loss.hex(), gradient_norm=norm.hex(), sketches=sketches or (ONE, TWO))
    return replace(told, **fields)  # type: ignore[arg-type]  # checked by replace itself


def row(reference: RankStep, other: RankStep) -> list[float]:
    return list(rows_of([(reference,)], [(other,)])[0])


def constant(value: float, length: int = 10) -> list[list[float]]:
    return [[value, value, value] for _ in range(length)]


def test_equal_steps_deviate_by_nothing() -> None:
    assert row(step(), step()) == [0.0, 0.0, 0.0, 0.0]


def test_deviations_are_relative() -> None:
    other = step(4.0 + 2.0**-10, 2.0 - 2.0**-10, (1.0 + 2.0**-10, 0.0), (3.0, 4.0 + 5 * 2.0**-12))
    assert row(step(), other) == [2.0**-12, 2.0**-11, 2.0**-10, 2.0**-12]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_near_nothing_finite(value: float) -> None:
    assert row(step(), step(value))[0] == math.inf
    assert row(step(value), step())[0] == math.inf
    assert row(step(), step(4.0, 2.0, (value, value), TWO))[2] == math.inf


def test_what_is_not_finite_on_both_sides_deviates_by_nothing() -> None:
    """An overflow is infinity or NaN, as the order of sums has it."""
    assert row(step(math.nan, math.inf), step(math.nan, math.nan))[:2] == [0.0, 0.0]
    assert row(step(4.0, 2.0, (math.nan, 0.0), TWO), step(4.0, 2.0, (math.nan, 0.0), TWO))[2:] == [0.0, 0.0]


def test_gradients_of_a_step_that_both_skip_are_not_compared() -> None:
    """Which of them overflow is chance, and no optimizer sees them."""
    nothing = (math.nan, math.nan)
    left = step(4.0, math.inf, nothing, TWO, skipped=True)
    right = step(4.0 + 2.0**-10, math.nan, ONE, nothing, skipped=True)
    assert row(left, right) == [2.0**-12, 0.0, 0.0, 0.0]
    assert row(left, replace(right, skipped=False))[2:] == [math.inf, math.inf]


def test_a_gradient_that_is_zero_but_for_rounding_is_measured_by_the_whole() -> None:
    whole, tiny = (1.0, 0.0), (0.0, 0.0)
    assert row(step(4.0, 2.0, whole, tiny), step(4.0, 2.0, whole, (2.0**-30, 0.0)))[3] == 2.0**-6
    assert row(step(4.0, 2.0, whole, tiny), step(4.0, 2.0, whole, (2.0**-3, 0.0)))[3] == 2.0**21


def test_a_gradient_that_came_or_went_is_infinitely_far() -> None:
    assert row(step(4.0, 2.0, ONE, TWO), step(4.0, 2.0, ONE, ()))[3] == math.inf
    assert row(step(4.0, 2.0, ONE, ()), step(4.0, 2.0, ONE, ()))[3] == 0.0


def test_a_zero_loss_has_no_unit() -> None:
    assert row(step(0.0), step(0.0))[0] == 0.0
    assert row(step(0.0), step(1e-30))[0] == math.inf


def test_the_loss_is_the_mean_over_the_ranks_and_the_farthest_rank_counts_elsewhere() -> None:
    reference: list[Step] = [(step(3.0), step(5.0))]
    other: list[Step] = [(step(5.0), step(3.0, 2.0, ONE, (3.0, 5.0)))]
    assert rows_of(reference, other) == [[0.0, 0.0, 0.0, 0.2]]


def test_ranks_that_the_reference_lacks_are_held_against_its_first() -> None:
    assert rows_of([(step(),)], [(step(3.0), step(5.0, 2.5))]) == [[0.0, 0.25, 0.0, 0.0]]


def test_the_envelope_is_the_largest_member_within_three_steps() -> None:
    rows = constant(2.0**-20)
    rows[5] = [2.0**-10] * 3
    limits = [limit_of(grades[0]) for grades in grades_of([rows, constant(2.0**-21)])]
    assert limits == [2.0**-20] * 2 + [2.0**-10] * (2 * REACH + 1) + [2.0**-20]


def test_the_envelope_is_never_below_the_floor() -> None:
    assert {limit_of(grade) for grades in grades_of([constant(0.0)]) for grade in grades} == {FLOOR}


def test_a_member_that_is_infinitely_far_widens_nothing() -> None:
    rows = constant(2.0**-20)
    rows[5] = [math.inf] * 3
    assert grades_of([rows, constant(2.0**-20)]) == grades_of([constant(2.0**-20)])


def test_a_member_that_ends_early_counts_as_far_as_it_goes() -> None:
    grades = grades_of([constant(2.0**-20), constant(2.0**-10, 2)])
    assert [limit_of(row[0]) for row in grades] == [2.0**-10] * (2 + REACH) + [2.0**-20] * (8 - REACH)


@pytest.mark.parametrize("deviation", [0.0, 1e-9, 6e-8, 1.3e-7, 1e-3, 1.0, 1e6])
def test_a_grade_is_rounded_up_by_less_than_five_percent(deviation: float) -> None:
    limit = limit_of(grade_of(deviation))
    assert max(FLOOR, deviation) <= limit * (1 + 1e-12)
    assert limit <= max(FLOOR, deviation) * 1.045


def test_an_endless_deviation_has_the_last_grade() -> None:
    assert grade_of(1e300) == LARGEST_GRADE


def test_the_worst_is_told_with_its_place() -> None:
    rows = constant(2.0**-20)
    grades = grades_of([rows])
    rows[7][2] = 2.0**-18
    assert worst(rows, grades) == Excess(ratio=4.0, step=7, metric=0, deviation=2.0**-18)
    rows[3][0] = 2.0**-17
    assert worst(rows, grades) == Excess(ratio=8.0, step=3, metric=LOSS, deviation=2.0**-17)
    rows[8][1] = 2.0**-16
    assert worst(rows, grades).metric == GRADIENT_NORM


def test_the_first_step_beyond_a_limit_is_told_with_its_largest_deviation() -> None:
    rows = constant(2.0**-20)
    grades = grades_of([rows])
    rows[4], rows[9] = [2.0**-17, 2.0**-16, 0.0], [1.0, 1.0, 1.0]
    assert first_beyond(5.0, rows, grades) == Excess(ratio=16.0, step=4, metric=GRADIENT_NORM, deviation=2.0**-16)
    assert first_beyond(2.0**21, rows, grades) is None


def test_no_steps_deviate_by_nothing() -> None:
    assert worst([], grades_of([constant(0.0)])).ratio == 0.0


def test_each_member_is_held_against_the_others() -> None:
    assert held_out_ratios([constant(2.0**-20), constant(2.0**-20), constant(2.0**-17)]) == [0.125, 0.125, 8.0]


def test_a_single_member_has_no_others() -> None:
    assert held_out_ratios([constant(2.0**-20)]) == []


def test_another_loss_scale_or_skip_is_found() -> None:
    two = "0x1.0000000000000p+1"
    same: list[Step] = [(step(),)] * 3
    assert first_other_scale(same, same) is None
    assert first_other_scale(same, [(step(),), (step(loss_scale=two),), (step(),)]) == 1
    assert first_other_scale(same, [(step(),), (step(),), (step(skipped=True),)]) == 2


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.0, "0.00"), (1.256, "1.26"), (99.99, "99.99"), (1234.5, "1234"), (2e6, "2.0e+06"), (math.inf, "inf")],
)
def test_ratios_are_short(ratio: float, text: str) -> None:
    assert ratio_text(ratio) == text

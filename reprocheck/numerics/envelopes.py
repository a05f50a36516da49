"""Deviations from a reference, the envelope of its perturbed members, and the ratio that decides.

Control: the recorded run. Test: the rerun. Held constant: plan, data and first weights, but for one ULP in a member.
R is the worst deviation over loss, gradient norm and gradients in units of the envelope. The distance of parameters is
no part of it: Adam turns the rounding of a gradient that is zero into a jump of the size of the learning rate.

A *row* holds the deviations of one step: of the loss, of the gradient norm, and of each gradient in turn. The loss is
the mean over the ranks; of the others the rank that lies farthest counts. NaN and infinities are near nothing finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprocheck.model.envelopes import FLOOR, GRADIENT_NORM, LOSS, Envelope, grade_of, limit_of
from reprocheck.model.records import RankStep, Run

BORDER_FACTOR = 4  # a scale grows and falls by two
REACH = 3  # steps to either side: noise comes a step earlier or later elsewhere

Rows = Sequence[Sequence[float]]
Grades = tuple[tuple[int, ...], ...]
Step = tuple[RankStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """One deviation in units of its envelope: `metric` is `loss`, `gradient norm`, or a place among the gradients."""

    ratio: float
    step: int
    metric: str | int
    deviation: float


def rows_of(reference: Sequence[Step], other: Sequence[Step]) -> Rows:
    """Return the deviations of `other`, step by step as far as both go."""
    return [_row(left, right) for left, right in zip(reference, other, strict=False)]


def grades_of(members: Sequence[Rows]) -> Grades:
    """Return the envelope of members: the largest finite deviation within `REACH` steps, as grades."""
    length = max(map(len, members))
    raw = [_largest([_finite(rows[step]) for rows in members if step < len(rows)]) for step in range(length)]
    return tuple(tuple(map(grade_of, _largest(raw[max(0, step - REACH) : step + REACH + 1]))) for step in range(length))


def worst(rows: Rows, grades: Grades) -> Excess:
    """Return the largest deviation in units of the envelope, the earliest of equal ones."""
    nothing = Excess(ratio=0.0, step=0, metric=LOSS, deviation=0.0)
    return max(_excesses(rows, grades), key=lambda excess: excess.ratio, default=nothing)


def first_beyond(limit: float, rows: Rows, grades: Grades) -> Excess | None:
    """Return the first step that lies beyond `limit` envelopes, with its largest deviation."""
    found = next((excess.step for excess in _excesses(rows, grades) if excess.ratio > limit), None)
    if found is None:
        return None
    return max((e for e in _excesses(rows, grades) if e.step == found), key=lambda excess: excess.ratio)


def held_out_ratios(members: Sequence[Rows]) -> list[float]:
    """Return the ratio of each member in the envelope of the others; none of fewer than two."""
    if len(members) < 2:
        return []
    return [
        worst(rows, grades_of([other for place, other in enumerate(members) if place != number])).ratio
        for number, rows in enumerate(members)
    ]


def first_other_scale(reference: Sequence[Step], other: Sequence[Step]) -> int | None:
    """Return the first step whose loss scale or skip is another than in the reference."""
    pairs = enumerate(zip(reference, other, strict=False))
    return next((step for step, (left, right) in pairs if _scaling(left) != _scaling(right)), None)


def members_known(envelope: Envelope, run: Run) -> bool:
    """Return whether the envelope covers each gradient of each step of its run."""
    return [len(row) - 2 for row in envelope.grades] == [len(step[0].sketches) for step in run.steps]


def moved_overflow(reference: Sequence[Step], other: Sequence[Step], step: int) -> bool:
    """Return whether the loss scale takes another way from `step` on because an overflow came, or did not come.

    A loss scale grows until something overflows; where that is at the border of the format, a rounding decides. It is
    no border where one of the two never overflows at a scale within a factor of four.
    """
    left, right = reference[step], other[step]
    if {rank.loss_scale for rank in left} != {rank.loss_scale for rank in right} or _skips(left) == _skips(right):
        return False
    scale = float.fromhex(left[0].loss_scale)
    return all(
        any(_skips(ranks) and float.fromhex(ranks[0].loss_scale) <= BORDER_FACTOR * scale for ranks in steps)
        for steps in (reference, other)
    )


def _skips(step: Step) -> bool:
    return any(rank.skipped for rank in step)


def _row(reference: Step, other: Step) -> list[float]:
    if _skips(reference) and _skips(other):  # which gradients overflow is chance, and they are thrown away
        return [_relative(_mean_loss(reference), _mean_loss(other)), 0.0, *[0.0] * len(reference[0].sketches)]
    return [
        _relative(_mean_loss(reference), _mean_loss(other)),
        max(_relative(_norm(_same_rank(reference, rank)), _norm(step)) for rank, step in enumerate(other)),
        *_largest([_gradients(_same_rank(reference, rank), step) for rank, step in enumerate(other)]),
    ]


def _same_rank(reference: Step, rank: int) -> RankStep:
    """Return the rank's own step, the first one's where the reference had fewer ranks: those hold one gradient."""
    return reference[rank] if rank < len(reference) else reference[0]


def _mean_loss(step: Step) -> float:
    return sum(float.fromhex(rank.loss) for rank in step) / len(step)


def _norm(step: RankStep) -> float:
    return float.fromhex(step.gradient_norm)


def _gradients(reference: RankStep, other: RankStep) -> list[float]:
    if len(reference.sketches) != len(other.sketches):
        return [math.inf] * len(reference.sketches)
    total = math.hypot(*(value for one in reference.sketches for value in one))
    least = FLOOR * total if math.isfinite(total) else 0.0
    pairs = zip(reference.sketches, other.sketches, strict=True)
    return [_apart(left, right, least) for left, right in pairs]


def _apart(reference: Sequence[float], other: Sequence[float], least: float) -> float:
    """Return the relative distance of two sketches; a gradient below `least` is compared in units of that.

    It is some 2^-24 of the whole gradient: one that is zero but for rounding has no size of its own.
    """
    if len(reference) != len(other):
        return math.inf
    here, there = math.hypot(*reference), math.hypot(*other)
    if not (math.isfinite(here) and math.isfinite(there)):
        return _both_or_never(here, there)
    distance = math.dist(reference, other)
    return distance / max(here, least) if distance else 0.0


def _relative(reference: float, other: float) -> float:
    if not (math.isfinite(reference) and math.isfinite(other)):
        return _both_or_never(reference, other)
    distance = abs(reference - other)
    return distance / abs(reference) if distance and reference else (math.inf if distance else 0.0)


def _both_or_never(reference: float, other: float) -> float:
    """Return no deviation where both are not finite: which of NaN and infinity it is hangs on the order of sums."""
    return math.inf if math.isfinite(reference) or math.isfinite(other) else 0.0


def _largest(rows: Sequence[Sequence[float]]) -> list[float]:
    return [max(column) for column in zip(*rows, strict=True)]


def _finite(row: Sequence[float]) -> list[float]:
    """Return a row in which what is infinitely far off widens nothing."""
    return [value if math.isfinite(value) else 0.0 for value in row]


def _excesses(rows: Rows, grades: Grades) -> Iterator[Excess]:
    for step, (row, limits) in enumerate(zip(rows, grades, strict=False)):
        for place, (deviation, grade) in enumerate(zip(row, limits, strict=True)):
            metric = (LOSS, GRADIENT_NORM)[place] if place < 2 else place - 2
            yield Excess(ratio=deviation / limit_of(grade), step=step, metric=metric, deviation=deviation)


def _scaling(step: Step) -> list[tuple[str, bool]]:
    return sorted({(rank.loss_scale, rank.skipped) for rank in step})

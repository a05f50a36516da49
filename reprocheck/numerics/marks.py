"""Marks of tensors, `digest:bits`: whether two are of one content, and what their sampled elements say.

A mark without sampled bits is compared by its digest alone: two runs need not have sampled the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.records import NO_MARK
from reprocheck.numerics.ulp import FORMATS, FloatFormat, float_of, ulp_distance

# By the width of the bits alone: distances of both formats of 16 bits are the same, their values are not.
_OF_DIGITS = {4: "torch.float16", 8: "torch.float32", 16: "torch.float64"}


def are_same(left: str, right: str) -> bool:
    """Say whether two marks stand for the same bits."""
    if left == right:
        return True
    (one, _, left_bits), (other, _, right_bits) = left.partition(":"), right.partition(":")
    return one == other and not (left_bits and right_bits)


def first_difference(left: Sequence[str], right: Sequence[str]) -> int | None:
    """Return the index of the first two marks that differ, None if all are the same."""
    if left == right:
        return None
    return next((index for index, pair in enumerate(zip(left, right, strict=True)) if not are_same(*pair)), None)


def sampled(mark: str) -> tuple[int, ...]:
    """Return the bits of the sampled elements, none where a mark has none."""
    _, _, words = mark.partition(":")
    return tuple(int(word, 16) for word in words.split(".") if word)


def is_there(mark: str) -> bool:
    """Say whether a step has something of the tensor."""
    return mark != NO_MARK


def format_of(mark: str) -> FloatFormat | None:
    """Return the float format that the width of the sampled bits speaks for, None where it is not told."""
    word = mark.partition(":")[2].partition(".")[0]
    name = _OF_DIGITS.get(len(word))
    return FORMATS[name] if name else None


def values(mark: str, form: FloatFormat) -> tuple[float, ...]:
    """Return the sampled elements as numbers."""
    return tuple(float_of(bits, form) for bits in sampled(mark))


def farthest(left: Sequence[int], right: Sequence[int], form: FloatFormat | None) -> int:
    """Return the index of the sampled elements that lie farthest apart, with a NaN on one side beyond any number."""
    shared = range(min(len(left), len(right)))
    return max(shared, key=lambda index: _rank_of_distance(left[index], right[index], form), default=0)


def _rank_of_distance(left: int, right: int, form: FloatFormat | None) -> float:
    if form is None:
        return float(left != right)
    distance = ulp_distance(left, right, form)
    return float("inf") if distance is None else float(distance)

"""In which phase the gradients of a user's own training came to differ: a decision by notes, norms and samples.

Gradients are those that the optimizer gets, the norm is that before clipping. In this order: those of one rank before
they are summed over the ranks, then the sum, then the loss scale that was not taken out, then clipping; what none of
these speaks for is the backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from reprocheck.model.records import RankStep
from reprocheck.numerics.marks import are_same, format_of, is_there, values
from reprocheck.numerics.pairs import Pair
from reprocheck.numerics.phases import ranks_parted
from reprocheck.numerics.ulp import FORMATS

# Norms of one kind and one run agree far better; those of gradients that differ by a factor lie far off.
NORM_TOLERANCE = 1e-3
SAME_NORM = 1e-5  # the norm that clipping computes, and ours, of the same gradients
SAME_FACTOR = 1e-5  # of sampled elements that were multiplied by one float32 number
FEWEST_FACTORS = 4


def gradient_phase(pair: Pair) -> str:
    """Return the phase that a difference of gradients belongs to."""
    if local_parted(pair) or lacks(pair, "Z"):
        return "backward"
    if ranks_parted(pair):
        return "all-reduce"
    if is_scaled(pair):
        return "unscale"
    if is_clipped_otherwise(pair):
        return "clip"
    return "all-reduce" if _has_local(pair) else "backward"


def local_parted(pair: Pair) -> bool:
    """Say whether the gradients of this rank differ before they were summed over the ranks."""
    return _has_local(pair) and _local(pair.recorded) != _local(pair.observed)


def lacks(pair: Pair, event: str) -> bool:
    """Say whether an event of the recorded step never came here."""
    return event in _events(pair.recorded) and event not in _events(pair.observed)


def clips(step: RankStep) -> bool:
    """Say whether gradients were clipped in this step."""
    return "C" in _events(step)


def is_scaled(pair: Pair) -> bool:
    """Say whether the loss scale stands in the gradients of one side: by events, or by the factor between the norms."""
    scale = float.fromhex(pair.recorded.loss_scale)
    if scale == 1 or not math.isfinite(scale) or scale <= 0:
        return False
    if unscales_first(pair.recorded) != unscales_first(pair.observed):
        return True
    factor = norm_factor(pair.recorded, pair.observed)
    return any(math.isclose(factor, wanted, rel_tol=NORM_TOLERANCE) for wanted in (scale, 1 / scale))


def unscales_first(step: RankStep) -> bool:
    """Say whether gradients are unscaled in this step, and that before anybody clips them."""
    events = _events(step)
    return "U" in events and ("C" not in events or events.index("U") < events.index("C"))


def norm_factor(recorded: RankStep, observed: RankStep) -> float:
    """Return how many times as large the gradient norm is here, NaN where that is no number."""
    left, right = (float.fromhex(step.gradient_norm) for step in (recorded, observed))
    return right / left if left and math.isfinite(left) and math.isfinite(right) else math.nan


def is_clipped_otherwise(pair: Pair) -> bool:
    """Say whether equal gradients were clipped to another norm, or only on one side."""
    one_clips = clips(pair.recorded) != clips(pair.observed)
    if not one_clips and not clips(pair.recorded):
        return False
    factor = norm_factor(pair.recorded, pair.observed)
    overflowed = _both_not_finite(pair)
    if not (overflowed or (math.isclose(factor, 1, rel_tol=SAME_NORM) if one_clips else factor == 1)):
        return False
    return one_clips or _clip_settings_part(pair) or sampled_factor(pair.recorded, pair.observed) is not None


def _both_not_finite(pair: Pair) -> bool:
    """Say whether both norms are the same infinity or NaN: clipping makes NaN of what overflowed."""
    left, right = (float.fromhex(step.gradient_norm) for step in (pair.recorded, pair.observed))
    return not math.isfinite(left) and not math.isfinite(right) and str(left) == str(right)


def _clip_settings_part(pair: Pair) -> bool:
    left, right = (
        {name: value for name, value in settings.items() if name.startswith("clip.")}
        for settings in (pair.recorded_settings, pair.observed_settings)
    )
    return left != right


def sampled_factor(recorded: RankStep, observed: RankStep) -> float | None:
    """Return the one number by which all sampled gradients are multiplied here, None where there is none but 1."""
    factors = [
        factor for pair in zip(recorded.gradients, observed.gradients, strict=False) for factor in _factors(pair)
    ]
    if len(factors) < FEWEST_FACTORS:
        return None
    middle = sorted(factors)[len(factors) // 2]
    is_one = all(math.isclose(factor, middle, rel_tol=SAME_FACTOR) for factor in factors)
    return middle if is_one and not math.isclose(middle, 1, rel_tol=SAME_FACTOR) else None


def _factors(marks: tuple[str, str]) -> Iterator[float]:
    if not all(map(is_there, marks)) or are_same(*marks):
        return
    form = FORMATS["torch.float32"]
    if any(format_of(mark) is not form for mark in marks):
        return
    for left, right in zip(*(values(mark, form) for mark in marks), strict=False):
        if left and math.isfinite(left) and math.isfinite(right):
            yield right / left


def _has_local(pair: Pair) -> bool:
    return bool(_local(pair.recorded) and _local(pair.observed))


def _local(step: RankStep) -> str:
    return step.notes.local if step.notes else ""


def _events(step: RankStep) -> str:
    return step.notes.events if step.notes else ""

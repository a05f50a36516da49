"""The phases of a step of a built-in workload, in the order in which the step computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reprocheck.model.records import RankStep, decimal_of
from reprocheck.model.verdicts import Divergence
from reprocheck.numerics.marks import first_difference
from reprocheck.numerics.pairs import Pair

Phase = Callable[[Pair], Divergence | None]


def data(pair: Pair) -> Divergence | None:
    """Compare the batches."""
    return pair.setting("data", "digest of the batch", pair.recorded.data, pair.observed.data)


def loss(pair: Pair) -> Divergence | None:
    """Compare the losses."""
    return pair.number("forward", "loss", pair.recorded.loss, pair.observed.loss)


def scale(pair: Pair) -> Divergence | None:
    """Compare what the losses were multiplied by."""
    return pair.number("scale", "loss scale", pair.recorded.loss_scale, pair.observed.loss_scale)


def gradients(pair: Pair) -> Divergence | None:
    """Compare the gradients, the one nearest the loss first."""
    return gradients_in(pair, "all-reduce" if ranks_parted(pair) else "backward")


def gradients_in(pair: Pair, phase: str) -> Divergence | None:
    """Compare the gradients, and put a difference down to `phase`."""
    left, right = pair.recorded.gradients, pair.observed.gradients
    if len(left) != len(right):
        return pair.setting("backward", "number of gradients", str(len(left)), str(len(right)))
    index = first_difference(left[::-1], right[::-1])
    if index is None:
        return None
    nearest_the_loss = len(left) - 1 - index
    return pair.tensor(phase, "gradient of", nearest_the_loss, (left[nearest_the_loss], right[nearest_the_loss]))


def ranks_parted(pair: Pair) -> bool:
    """Say whether the ranks held one gradient in the record and do not now."""
    return _agree(pair.recorded_ranks) and not _agree(pair.observed_ranks)


def norm(pair: Pair) -> Divergence | None:
    """Compare the gradient norms."""
    return pair.number("clip", "gradient norm", pair.recorded.gradient_norm, pair.observed.gradient_norm)


def optimizer(pair: Pair) -> Divergence | None:
    """Compare whether the step was taken, the parameters after it, and the learning rate."""
    left, right = pair.recorded, pair.observed
    skip = pair.setting("optimizer", "optimizer step", _skip(left), _skip(right))
    index = first_difference(left.parameters, right.parameters)
    if skip or index is None:
        return skip or _learning_rate(pair)
    return pair.tensor("optimizer", "value of", index, (left.parameters[index], right.parameters[index]))


PHASES: tuple[Phase, ...] = (data, loss, scale, gradients, norm, optimizer)


def _learning_rate(pair: Pair) -> Divergence | None:
    """Compare what steers the step even where it changed no bit, as in a step that was skipped."""
    left, right = pair.recorded.learning_rate, pair.observed.learning_rate
    return pair.setting("optimizer", "learning rate", f"{left} ({decimal_of(left)})", f"{right} ({decimal_of(right)})")


def _agree(ranks: Sequence[RankStep]) -> bool:
    return len({rank.gradients for rank in ranks}) == 1


def _skip(step: RankStep) -> str:
    return "skipped for an overflow" if step.skipped else "taken"

"""Where two runs part: exact comparison, step by step, in the order in which a step computes.

Control: the record. Test: the rerun. Held constant: data, seed, plan, threads. Equality is exact; the ULP
distance only describes a difference, it never excuses one.

Within a step the phases are taken in this order, and within a phase the ranks: *data*, *forward* (the
loss), *scale* (the loss scale), *backward* or *all-reduce* (the gradients, from the loss backwards), *clip*
(the gradient norm), *optimizer* (the skip, the parameters, the learning rate). Before step 0 comes *init*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reprocheck.model.records import RankStep, Run, TensorSpec, decimal_of
from reprocheck.model.verdicts import Check, Divergence
from reprocheck.numerics.ulp import FORMATS, FloatFormat, float32_bits, float_of, ulp_distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One rank's step of the record and of the rerun, beside those of all ranks of this step."""

    step: int
    rank: int
    tensors: tuple[TensorSpec, ...]
    recorded: RankStep
    observed: RankStep
    recorded_ranks: tuple[RankStep, ...]
    observed_ranks: tuple[RankStep, ...]

    def number(self, phase: str, quantity: str, recorded: str, observed: str) -> Divergence | None:
        """Compare two float32 numbers that are written as hex floats."""
        if recorded == observed:
            return None
        return Divergence(
            step=self.step,
            rank=self.rank,
            phase=phase,
            quantity=quantity,
            recorded=f"{recorded} ({decimal_of(recorded)})",
            observed=f"{observed} ({decimal_of(observed)})",
            ulp=ulp_distance(float32_bits(recorded), float32_bits(observed), FORMATS["torch.float32"]),
        )

    def setting(self, phase: str, quantity: str, recorded: str, observed: str) -> Divergence | None:
        """Compare two values that have no distance."""
        if recorded == observed:
            return None
        return Divergence(
            step=self.step, rank=self.rank, phase=phase, quantity=quantity, recorded=recorded, observed=observed
        )


def compare_runs(recorded: Run, observed: Run) -> Check:
    """Return the check of one run: pass, fail with the first divergence, or skip with the reason."""
    name = recorded.plan.name
    if recorded.unsupported:
        return Check(name=name, status="skip", detail=f"not in the record: {recorded.unsupported}")
    if observed.unsupported:
        return Check(name=name, status="skip", detail=f"not possible here: {observed.unsupported}")
    divergence = first_divergence(recorded, observed)
    if divergence is None:
        return Check(name=name, status="pass", detail=f"{len(recorded.steps)} steps bitwise{_ranks(recorded)}")
    detail = f"differs from step {divergence.step} on: {divergence.phase}"
    return Check(name=name, status="fail", detail=detail, first_divergence=divergence)


def first_divergence(recorded: Run, observed: Run) -> Divergence | None:
    """Return the first difference of two runs of one plan, or None if they are equal to the bit."""
    start = _differing_layout(recorded, observed) or _differing_start(recorded, observed)
    if start:
        return start
    for step, (left, right) in enumerate(zip(recorded.steps, observed.steps, strict=True)):
        pairs = [
            Pair(
                step=step,
                rank=rank,
                tensors=recorded.tensors,
                recorded=left[rank],
                observed=right[rank],
                recorded_ranks=left,
                observed_ranks=right,
            )
            for rank in range(len(left))
        ]
        found = next((d for phase in PHASES for pair in pairs if (d := phase(pair))), None)
        if found:
            return found
    return None


def _differing_layout(recorded: Run, observed: Run) -> Divergence | None:
    """Tell of parameters that changed their names, types or shapes, as a newer torch might do."""
    if recorded.tensors == observed.tensors:
        return None
    left, right = (", ".join(_spelled(t) for t in run.tensors) for run in (recorded, observed))
    return Divergence(step=0, rank=0, phase="init", quantity="list of tensors", recorded=left, observed=right)


def _differing_start(recorded: Run, observed: Run) -> Divergence | None:
    for rank, (left, right) in enumerate(zip(recorded.initial, observed.initial, strict=True)):
        index = _first_difference(left, right)
        if index is not None:
            return _of_tensor((0, rank, "init", "first value of"), recorded.tensors[index], left[index], right[index])
    return None


def _data(pair: Pair) -> Divergence | None:
    return pair.setting("data", "digest of the batch", pair.recorded.data, pair.observed.data)


def _forward(pair: Pair) -> Divergence | None:
    return pair.number("forward", "loss", pair.recorded.loss, pair.observed.loss)


def _scale(pair: Pair) -> Divergence | None:
    return pair.number("scale", "loss scale", pair.recorded.loss_scale, pair.observed.loss_scale)


def _gradients(pair: Pair) -> Divergence | None:
    left, right = pair.recorded.gradients, pair.observed.gradients
    if len(left) != len(right):
        return pair.setting("backward", "number of gradients", str(len(left)), str(len(right)))
    index = _first_difference(left[::-1], right[::-1])
    if index is None:
        return None
    nearest_the_loss = len(left) - 1 - index
    phase = "all-reduce" if _ranks_parted(pair) else "backward"
    where = (pair.step, pair.rank, phase, "gradient of")
    return _of_tensor(where, pair.tensors[nearest_the_loss], left[nearest_the_loss], right[nearest_the_loss])


def _ranks_parted(pair: Pair) -> bool:
    """Say whether the ranks held one gradient in the record and do not now."""
    return _agree(pair.recorded_ranks) and not _agree(pair.observed_ranks)


def _agree(ranks: Sequence[RankStep]) -> bool:
    return len({rank.gradients for rank in ranks}) == 1


def _clip(pair: Pair) -> Divergence | None:
    return pair.number("clip", "gradient norm", pair.recorded.gradient_norm, pair.observed.gradient_norm)


def _optimizer(pair: Pair) -> Divergence | None:
    left, right = pair.recorded, pair.observed
    skip = pair.setting("optimizer", "optimizer step", _skip(left), _skip(right))
    index = _first_difference(left.parameters, right.parameters)
    if skip or index is None:
        return skip or _learning_rate(pair)
    where = (pair.step, pair.rank, "optimizer", "value of")
    return _of_tensor(where, pair.tensors[index], left.parameters[index], right.parameters[index])


def _learning_rate(pair: Pair) -> Divergence | None:
    """Compare what steers the step even where it changed no bit, as in a step that was skipped."""
    left, right = pair.recorded.learning_rate, pair.observed.learning_rate
    return pair.setting("optimizer", "learning rate", f"{left} ({decimal_of(left)})", f"{right} ({decimal_of(right)})")


PHASES: tuple[Callable[[Pair], Divergence | None], ...] = (_data, _forward, _scale, _gradients, _clip, _optimizer)


def _first_difference(left: Sequence[str], right: Sequence[str]) -> int | None:
    return next((index for index, (a, b) in enumerate(zip(left, right, strict=True)) if a != b), None)


def _of_tensor(where: tuple[int, int, str, str], tensor: TensorSpec, recorded: str, observed: str) -> Divergence:
    """Describe two marks of one tensor by the sampled element that lies farthest apart."""
    step, rank, phase, quantity = where
    left, right = (_sampled(mark) for mark in (recorded, observed))
    form = FORMATS.get(tensor.dtype)
    shared = range(min(len(left), len(right)))
    worst = max(shared, key=lambda i: _rank_of_distance(left[i], right[i], form), default=0)
    distance = ulp_distance(left[worst], right[worst], form) if form and shared else None
    return Divergence(
        step=step,
        rank=rank,
        phase=phase,
        quantity=f"{quantity} `{tensor.name}`",
        tensor=tensor.name,
        recorded=_value(left, worst, form),
        observed=_value(right, worst, form),
        ulp=distance,
        sampled=len(shared),
    )


def _rank_of_distance(left: int, right: int, form: FloatFormat | None) -> float:
    """Order distances, with a NaN on one side farther than any number."""
    if form is None:
        return float(left != right)
    distance = ulp_distance(left, right, form)
    return float("inf") if distance is None else float(distance)


def _value(bits: Sequence[int], index: int, form: FloatFormat | None) -> str:
    if index >= len(bits):
        return "no element"
    if form is None:
        return str(bits[index])
    value = float_of(bits[index], form)
    return f"{value.hex()} ({value:.9g})"


def _sampled(mark: str) -> tuple[int, ...]:
    _, _, words = mark.partition(":")
    return tuple(int(word, 16) for word in words.split(".") if word)


def _skip(step: RankStep) -> str:
    return "skipped for an overflow" if step.skipped else "taken"


def _spelled(tensor: TensorSpec) -> str:
    return f"{tensor.name} {tensor.dtype.removeprefix('torch.')}{list(tensor.shape)}"


def _ranks(run: Run) -> str:
    return f" on {run.plan.world_size} ranks" if run.plan.world_size > 1 else ""

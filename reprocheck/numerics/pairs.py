"""One rank's step of the record beside the same step of the rerun, and how a difference of the two is written down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reprocheck.model.records import RankStep, TensorSpec, decimal_of
from reprocheck.model.verdicts import Divergence
from reprocheck.numerics.marks import farthest, format_of, sampled
from reprocheck.numerics.ulp import FORMATS, FloatFormat, float32_bits, float_of, ulp_distance

HALF_BITS = 16
NOT_SAMPLED = "no element was sampled on both sides"
Where = tuple[int, int, str, str]  # step, rank, phase, and the words before the name of the tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One rank's step of the record and of the rerun, beside those of all ranks of this step.

    The steps before are None in step 0. The settings are all those in force, of a user's own training.
    """

    step: int
    rank: int
    tensors: tuple[TensorSpec, ...]
    recorded: RankStep
    observed: RankStep
    recorded_ranks: tuple[RankStep, ...]
    observed_ranks: tuple[RankStep, ...]
    recorded_before: RankStep | None = None
    observed_before: RankStep | None = None
    recorded_settings: Mapping[str, str] = field(default_factory=dict)
    observed_settings: Mapping[str, str] = field(default_factory=dict)

    def number(self, phase: str, quantity: str, recorded: str, observed: str) -> Divergence | None:
        """Compare two numbers that are written as hex floats; the distance is that of float32."""
        if recorded == observed:
            return None
        return Divergence(
            step=self.step,
            rank=self.rank,
            phase=phase,
            quantity=quantity,
            recorded=f"{recorded} ({decimal_of(recorded)})",
            observed=f"{observed} ({decimal_of(observed)})",
            ulp=_float32_distance(recorded, observed),
            relative=relative_difference(float.fromhex(recorded), float.fromhex(observed)),
        )

    def setting(self, phase: str, quantity: str, recorded: str, observed: str) -> Divergence | None:
        """Compare two values that have no distance."""
        if recorded == observed:
            return None
        return Divergence(
            step=self.step, rank=self.rank, phase=phase, quantity=quantity, recorded=recorded, observed=observed
        )

    def tensor(self, phase: str, quantity: str, index: int, marks: tuple[str, str]) -> Divergence:
        """Describe two marks of the tensor with this index, the recorded one first."""
        return of_tensor((self.step, self.rank, phase, quantity), self.tensors[index], *marks)


def of_tensor(where: Where, tensor: TensorSpec, recorded: str, observed: str) -> Divergence:
    """Describe two marks of one tensor by the sampled element that lies farthest apart."""
    return of_marks(where, tensor.name, (recorded, observed), FORMATS.get(tensor.dtype))


def of_output(where: Where, path: str, recorded: str, observed: str) -> Divergence:
    """Describe two marks of what a module gave; its dtype is that of the width of its bits.

    Of 16 bits nobody knows whether they are a float16 or a bfloat16: the bits are shown.
    """
    form = format_of(recorded)
    found = of_marks(where, path, (recorded, observed), form)
    if form is None or form.width != HALF_BITS or not found.sampled:
        return found
    left, right = (sampled(mark) for mark in (recorded, observed))
    worst = farthest(left, right, form)
    return replace(found, recorded=f"bits {left[worst]:04x}", observed=f"bits {right[worst]:04x}", relative="")


def of_marks(where: Where, name: str, marks: tuple[str, str], form: FloatFormat | None) -> Divergence:
    """Describe two marks, the recorded one first, of what `where` and `name` say."""
    step, rank, phase, quantity = where
    left, right = (sampled(mark) for mark in marks)
    shared = min(len(left), len(right))
    worst = farthest(left, right, form)
    return Divergence(
        step=step,
        rank=rank,
        phase=phase,
        quantity=f"{quantity} `{name}`",
        tensor=name,
        recorded=_value(left, worst, form) if shared else NOT_SAMPLED,
        observed=_value(right, worst, form) if shared else NOT_SAMPLED,
        ulp=ulp_distance(left[worst], right[worst], form) if form and shared else None,
        sampled=shared,
        relative=_relative_of_samples(left, right, form),
    )


def relative_difference(recorded: float, observed: float) -> str:
    """Return the difference of two numbers in units of the first, as `2.4e-07`; empty where there is no such unit."""
    if not (math.isfinite(recorded) and math.isfinite(observed)) or recorded == 0:
        return ""
    return format(abs(observed - recorded) / abs(recorded), ".1e")


def _relative_of_samples(left: Sequence[int], right: Sequence[int], form: FloatFormat | None) -> str:
    """Return the largest difference of sampled elements in units of the largest of them, empty if they are equal."""
    if form is None:
        return ""
    pairs = [(float_of(a, form), float_of(b, form)) for a, b in zip(left, right, strict=False)]
    largest = max((abs(recorded) for recorded, _ in pairs), default=0.0)
    worst = max((abs(observed - recorded) for recorded, observed in pairs), default=0.0)
    return relative_difference(largest, largest + worst) if worst > 0 else ""


def _float32_distance(recorded: str, observed: str) -> int | None:
    """Return the ULP distance of two float32 numbers; None where a mean of several is no float32."""
    if not all(_is_float32(float.fromhex(text)) for text in (recorded, observed)):
        return None
    return ulp_distance(float32_bits(recorded), float32_bits(observed), FORMATS["torch.float32"])


def _is_float32(value: float) -> bool:
    return not math.isfinite(value) or float_of(float32_bits(value.hex()), FORMATS["torch.float32"]) == value


def _value(bits: Sequence[int], index: int, form: FloatFormat | None) -> str:
    if form is None:
        return str(bits[index])
    value = float_of(bits[index], form)
    return f"{value.hex()} ({value:.9g})"

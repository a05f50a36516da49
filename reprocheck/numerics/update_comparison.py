"""Does the optimizer do what the record says? Its updates of hashed numbers are compared, and a difference is read.

Control: the update of the record. Test: the update of the rerun. Held constant, to the bit: values, gradients and
momenta. Only settings, implementation and rounding can differ. Of roundings one update has a handful: across threads,
instruction sets and the three implementations of torch it moved by less than 5e-7 of itself, while a learning rate
that is off by 0.1 % moves it by 1e-3. The tolerance lies between: 2^-15 of the update, and four roundings of the value
that it is added to, which is all that a small update of a large value can show. Legend: N elements.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reprocheck.model.optimizer_updates import RunUpdates, UpdateSample
from reprocheck.model.records import Run
from reprocheck.model.verdicts import Cause, Check

CHECK = "updates"
OF_UPDATE = 2.0**-15
OF_VALUE = 2.0**-22  # four halves of a unit in the last place of float32
CLEAR = 3.0  # tolerances: an element that differs by that much says how
SMALL = 0.25  # of an update: so far a change of eps is in proportion to what it is added to
ALIKE = 12.0  # between the largest and the smallest of numbers that would be one but for their mantissas


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One update there and here: values before, gradients, both updates, and the tolerance of each element."""

    values: tuple[float, ...]
    gradients: tuple[float, ...]
    recorded: tuple[float, ...]
    observed: tuple[float, ...]
    tolerances: tuple[float, ...]

    @property
    def worst(self) -> float:
        """Return the largest difference in units of its tolerance; infinite where one is not finite."""
        pairs = zip(self.recorded, self.observed, self.tolerances, strict=True)
        ratios = [abs(there - here) / tolerance for there, here, tolerance in pairs]
        return math.inf if any(math.isnan(ratio) for ratio in ratios) else max(ratios)

    @property
    def error(self) -> float:
        """Return the size of the difference relative to the update of the record."""
        size = math.hypot(*self.recorded)
        difference = math.hypot(*(a - b for a, b in zip(self.recorded, self.observed, strict=True)))
        return difference / size if size else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison, with the recorded run and the update in it."""

    run: Run
    sample: UpdateSample
    comparison: Comparison

    def look(self) -> tuple[str, str]:
        """Return what the difference looks like, and the settings to compare."""
        return look(self.comparison, neighbouring_rates(self.run, self.sample.step))


def compare_updates(recorded: Sequence[Run], observed: Sequence[Run]) -> tuple[Check, tuple[Cause, ...]] | None:
    """Return the check of all updates, and what a difference looks like; None where the record has none to compare."""
    pairs = [(left, right) for left, right in zip(recorded, observed, strict=True) if left.updates]
    if not pairs:
        return None
    compared = [found for left, right in pairs for found in _compared(left, right)]
    if not compared:
        return Check(name=CHECK, status="skip", detail="no recorded update was repeated here"), ()
    first = next((found for found in compared if found.comparison.worst > 1.0), None)
    if first is None:
        detail = f"{len(compared)} updates of hashed numbers as recorded"
        return Check(name=CHECK, status="pass", detail=detail), ()
    alike = [found for found in compared if (found.run, found.sample.group) == (first.run, first.sample.group)]
    return _failed(first), (_cause(_telling(alike)),)


def _compared(recorded: Run, observed: Run) -> Iterator[Compared]:
    """Yield the updates that both runs made after the same number of steps: an overflow leaves a step out."""
    there, here = recorded.updates, observed.updates
    if not there or not here or (there.before, there.gradient) != (here.before, here.gradient):
        return
    found = {(sample.step, sample.group, sample.optimizer): sample for sample in here.samples}
    for sample in there.samples:
        other = found.get((sample.step, sample.group, sample.optimizer))
        if other and _taken(recorded, sample.step) == _taken(observed, sample.step):
            yield Compared(run=recorded, sample=sample, comparison=comparison_of(there, sample, other))


def _taken(run: Run, step: int) -> int:
    return sum(not ranks[0].skipped for ranks in run.steps[: step + 1])


def comparison_of(updates: RunUpdates, recorded: UpdateSample, observed: UpdateSample) -> Comparison:
    """Return the two updates as numbers; a float64 holds the difference of two float32 that lie near each other."""
    values_N, gradients_N, there_N, here_N = (
        tuple(map(_float, bits)) for bits in (updates.before, updates.gradient, recorded.after, observed.after)
    )
    recorded_N = tuple(after - value for after, value in zip(there_N, values_N, strict=True))
    return Comparison(
        values=values_N,
        gradients=gradients_N,
        recorded=recorded_N,
        observed=tuple(after - value for after, value in zip(here_N, values_N, strict=True)),
        tolerances=tuple(
            OF_UPDATE * abs(update) + OF_VALUE * abs(value) for update, value in zip(recorded_N, values_N, strict=True)
        ),
    )


def _float(word: int) -> float:
    return float(struct.unpack(">f", word.to_bytes(4, "big"))[0])


def _failed(found: Compared) -> Check:
    sample, comparison = found.sample, found.comparison
    element = max(range(len(comparison.values)), key=lambda index: _excess(comparison, index))
    there, here = comparison.recorded[element], comparison.observed[element]
    detail = (
        f"{found.run.plan.name}, step {sample.step}: the update of {_group(sample)} on hashed numbers differs by "
        f"{comparison.error:.2g} of itself, in element {element} it is {here:.9g} instead of {there:.9g}"
    )
    return Check(name=CHECK, status="fail", detail=detail)


def _excess(comparison: Comparison, index: int) -> float:
    difference = abs(comparison.recorded[index] - comparison.observed[index])
    return math.inf if math.isnan(difference) else difference / comparison.tolerances[index]


def _telling(alike: Sequence[Compared]) -> Compared:
    """Return the update of one parameter group that says most: the schedule's, or the last if all differ.

    In the first steps of Adam another beta looks like another learning rate, later no more.
    """
    failed = [found for found in alike if found.comparison.worst > 1.0]
    shifted = next((found for found in failed if "schedule" in found.look()[1]), None)
    return shifted or failed[-1 if len(failed) == len(alike) else 0]


def _cause(found: Compared) -> Cause:
    what, setting = found.look()
    place = f"{found.run.plan.name}, step {found.sample.step}, {_group(found.sample)}"
    error = f"relative difference {found.comparison.error:.2g}, where roundings make less than 5e-07"
    return Cause(
        what=f"the optimizer: {what}",
        evidence=(f"{place}: the same numbers in, others out", error),
        fix=f"compare {setting} with the recorded run's",
    )


def _group(sample: UpdateSample) -> str:
    return f"parameter group {sample.group} ({sample.optimizer})"


def neighbouring_rates(run: Run, step: int) -> dict[str, float]:
    """Return the recorded learning rates of the steps beside `step`, relative to its own."""
    rates = [float.fromhex(ranks[0].learning_rate) for ranks in run.steps]
    beside = {"one step late": step - 1, "one step early": step + 1}
    return {
        shift: rates[other] / rates[step]
        for shift, other in beside.items()
        if 0 <= other < len(rates) and rates[step] and rates[other] != rates[step]
    }


def look(comparison: Comparison, neighbours: dict[str, float]) -> tuple[str, str]:
    """Return what a difference looks like, and the settings to compare.

    Tried in turn: one factor for all elements, by least squares; a share of the values; a difference that grows as the
    gradients fall, or as the values outgrow the gradients. What none of them explains mixes old and new otherwise.
    """
    if not all(map(math.isfinite, comparison.observed)):
        return "the update is not finite", "the learning rate and eps"
    factor = _fitted(comparison.recorded, comparison.observed, comparison.tolerances)
    if _explains(comparison, [factor * update for update in comparison.recorded]):
        return _of_factor(factor, neighbours)
    differences_N = [here - there for there, here in zip(comparison.recorded, comparison.observed, strict=True)]
    share = _fitted(comparison.values, differences_N, comparison.tolerances)
    decayed_N = [u + share * v for u, v in zip(comparison.recorded, comparison.values, strict=True)]
    if _explains(comparison, decayed_N):
        return f"each value moves by {share:.3g} of itself more: weight decay", "the weight decay"
    if _in_proportion(comparison, lambda _value, gradient: 1.0 / gradient):
        return "the update differs the more, the smaller the gradient is: eps", "eps"
    if _in_proportion(comparison, lambda value, gradient: value / gradient):
        return "the update differs the more, the larger the value is beside its gradient: weight decay", "weight decay"
    return (
        "old and new are mixed otherwise: betas, momentum, count of steps or weight decay",
        "betas and momentum",
    )


def _of_factor(factor: float, neighbours: dict[str, float]) -> tuple[str, str]:
    for shift, rate in neighbours.items():
        if math.isclose(factor, rate, rel_tol=1e-4):
            return f"the update is {factor:.6g} times as large: the schedule is {shift}", "the learning-rate schedule"
    return f"the update is {factor:.6g} times as large: learning rate", "the learning rate"


def _fitted(of_N: Sequence[float], to_N: Sequence[float], tolerances_N: Sequence[float]) -> float:
    """Return the factor that brings `of_N` nearest to `to_N`, by least squares in units of the tolerances."""
    scaled = [(a / t, b / t) for a, b, t in zip(of_N, to_N, tolerances_N, strict=True)]
    size = math.fsum(a * a for a, _ in scaled)
    return math.fsum(a * b for a, b in scaled) / size if size else 0.0


def _explains(comparison: Comparison, expected_N: Sequence[float]) -> bool:
    pairs = zip(expected_N, comparison.observed, comparison.tolerances, strict=True)
    return all(abs(expected - here) <= 2.0 * tolerance for expected, here, tolerance in pairs)


def _in_proportion(comparison: Comparison, of: Callable[[float, float], float]) -> bool:
    """Say whether the clear and small ones among the relative differences of the updates are in proportion to `of`."""
    parts = zip(
        comparison.values,
        comparison.gradients,
        comparison.recorded,
        comparison.observed,
        comparison.tolerances,
        strict=True,
    )
    shares = [
        (there / here - 1.0) / of(abs(value), abs(gradient))
        for value, gradient, there, here, tolerance in parts
        if CLEAR * tolerance < abs(there - here) < SMALL * abs(there) and here
    ]
    return len(shares) > 1 and min(shares) * max(shares) > 0 and max(map(abs, shares)) < ALIKE * min(map(abs, shares))

"""Causes that lie between the loss and the gradients that an optimizer gets: what was left out, scaled or rounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reprocheck.model.records import RankStep
from reprocheck.model.step_notes import EVENTS
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.gradient_phases import norm_factor, sampled_factor, unscales_first
from reprocheck.numerics.marks import format_of, is_there, sampled
from reprocheck.numerics.ulp import FORMATS
from reprocheck.numerics.watched_case import Case, Opinion, differing, evaluates_again, evidence

SAME = 1e-5  # two numbers computed in other ways from float32 values that are a factor apart
LARGEST_FACTOR = 1024
ROUNDED_BITS = 10  # float32 has 23 fraction bits: bfloat16 leaves 16 of them zero, TF32 and float16 leave 13
FEWEST_ELEMENTS = 6
_WORD = (1 << 32) - 1
_EXPONENT = 0x7F800000  # of float32; all bits set say infinity or NaN
MOST = 0.5


def missing_zero_grad(case: Case) -> Opinion:
    """Look for gradients that were not set to zero before the backward pass, or not those of all optimizers."""
    there, here = (events.count("Z") for events in case.events)
    if not there:
        return None
    if here >= there:
        return f"{EVENTS['Z']} in this step, as recorded"
    whose = " of some parameters" if here else ""
    return Cause(
        what=f"gradients{whose} were not set to zero: those of earlier steps are in them",
        evidence=_events_told(case),
        fix="call `optimizer.zero_grad()` of every optimizer in every step, where the recorded run does",
    )


def missing_zero_grad_within_the_step(case: Case) -> Opinion:
    """Look for the same in a step that calls its closure again, where the next forward pass shows it."""
    opinion = missing_zero_grad(case) if evaluates_again(case.events[0]) else None
    return opinion if isinstance(opinion, Cause) else None


def missing_unscale(case: Case) -> Opinion:
    """Look for gradients that are clipped, or used, before the loss scale is taken out."""
    left, right = case.steps
    if left is None or right is None or not unscales_first(left) or unscales_first(right):
        return None
    factor = norm_factor(left, right)
    times = () if math.isnan(factor) else (f"gradient norm: {factor:.6g} times the recorded one",)
    scale = (f"loss scale: {float.fromhex(left.loss_scale):.6g}",)
    clipped = "C" in case.events[1]
    return Cause(
        what=f"gradients are {'clipped' if clipped else 'used'} before they are unscaled",
        evidence=(*_events_told(case), *times, *scale),
        fix="call `scaler.unscale_(optimizer)` before the gradients are clipped, and `scaler.step(optimizer)`",
    )


def other_clipping(case: Case) -> Opinion:
    """Look for gradients that are clipped to another norm, or on one side only."""
    shown = case.other_settings(lambda name: name.startswith("clip."))
    left, right = ("C" in events for events in case.events)
    if left == right and not shown:
        return "gradients are clipped as recorded" if left or any(case.events) else None
    facts = evidence(shown) if left == right else _events_told(case)
    what = "gradients are clipped to another size" if left == right else _one_sided("clipped", there=left)
    return Cause(what=what, evidence=facts, fix="clip the gradients as the recorded run did")


def ranks_not_synchronised(case: Case) -> Opinion:
    """Look for ranks that held one gradient in the record and do not here."""
    left, right = (_gradients_of_ranks(run.steps, case.found.step) for run in (case.recorded, case.observed))
    if left != 1 or right <= 1 or len(case.recorded.initial) == 1:
        return None
    fact = f"step {case.found.step}: one gradient on all ranks in the record, several here"
    return Cause(
        what="gradients were not synchronised between the ranks",
        evidence=(fact, *_no_ddp(case)),
        fix="look for `no_sync`, a model that is not inside DistributedDataParallel, or a broken collective",
    )


def summed_over_ranks(case: Case) -> Opinion:
    """Look for gradients that are the number of ranks times as large."""
    ranks, (left, right) = len(case.recorded.initial), case.steps
    if ranks == 1 or left is None or right is None:
        return None
    factors = [factor for factor in (norm_factor(left, right), sampled_factor(left, right)) if factor]
    for factor, what in ((ranks, "summed over the ranks, not averaged"), (1 / ranks, "averaged twice over the ranks")):
        if any(math.isclose(found, factor, rel_tol=SAME) for found in factors):
            fact = f"they are {factor:.6g} times as large as recorded, on {ranks} ranks"
            return Cause(
                what=f"gradients are {what}",
                evidence=(fact,),
                fix="divide by the number of ranks once: DistributedDataParallel does, an own `all_reduce` does not",
            )
    return "gradients are not the number of ranks times as large"


def another_ddp(case: Case) -> Opinion:
    """Look for other arguments of DistributedDataParallel, which make other buckets and other orders of sums."""
    left, right = (program.ddp for program in case.programs)
    if not left and not right:
        return None
    shown = differing(left, right)
    if not shown:
        return "DistributedDataParallel has the recorded arguments"
    return Cause(
        what="DistributedDataParallel is built otherwise: buckets and communication hooks decide how sums are made",
        evidence=evidence(shown),
        fix="give `DistributedDataParallel` the recorded arguments, and the recorded communication hook or none",
    )


def rounded(case: Case) -> Opinion:
    """Look for samples that have few significant bits here and had all of them in the record."""
    for what, (left, right) in _sampled_marks(case):
        there, here = (_share_of_short(marks) for marks in (left, right))
        if there is None or here is None:
            continue
        if here >= MOST > there:
            fact = f"{here:.0%} of the sampled elements of {what} end in {ROUNDED_BITS} or more zero bits, "
            return Cause(
                what=f"{what} are rounded to a shorter format here, such as bfloat16 or TF32",
                evidence=(f"{fact}{there:.0%} in the record",),
                fix="look for a cast, an autocast region or a communication hook that compresses, "
                "and compute in the recorded format",
            )
        return f"{what} have as many significant bits as recorded"
    return None


def a_multiple(case: Case) -> Opinion:
    """Look for a loss that is a whole number times, or a whole part of, the recorded one."""
    left, right = case.steps
    if left is None or right is None:
        return None
    there, here = (float.fromhex(side.loss) for side in (left, right))
    for dividend, divisor, words in ((here, there, "{} times"), (there, here, "1/{} of")):
        whole = _whole_factor(dividend, divisor)
        if whole:
            return Cause(
                what="the loss is divided by another number: micro-batches, ranks, or a sum in the place of a mean",
                evidence=(f"the loss is {words.format(whole)} the recorded one",),
                fix="divide the loss by the recorded number of micro-batches, and keep its `reduction`",
            )
    return None


def _whole_factor(dividend: float, divisor: float) -> int:
    """Return the whole number, 2 or more, that a quotient comes to, or 0."""
    if not divisor or not math.isfinite(dividend) or not 1 < dividend / divisor < LARGEST_FACTOR:
        return 0
    whole = round(dividend / divisor)
    return whole if whole > 1 and math.isclose(dividend / divisor, whole, rel_tol=SAME) else 0


def _events_told(case: Case) -> tuple[str, ...]:
    told = [", ".join(EVENTS.get(letter, letter) for letter in events) or "nothing" for events in case.events]
    return (f"step {case.found.step} recorded: {told[0]}", f"step {case.found.step} here: {told[1]}")


def _one_sided(verb: str, *, there: bool) -> str:
    return (
        f"gradients are {verb} in the record and not here" if there else f"gradients are {verb} here, not in the record"
    )


def _gradients_of_ranks(steps: Sequence[Sequence[RankStep]], step: int) -> int:
    return len({rank.gradients for rank in steps[step]}) if step < len(steps) else 0


def _no_ddp(case: Case) -> tuple[str, ...]:
    left, right = (program.ddp for program in case.programs)
    return ("the recorded model was inside DistributedDataParallel, this one is not",) if left and not right else ()


def _sampled_marks(case: Case) -> Iterator[tuple[str, tuple[Sequence[str], Sequence[str]]]]:
    """Yield what was sampled on both sides in the diverging step, by the phase's own quantity."""
    left, right = case.steps
    if left is None or right is None:
        return
    if case.found.phase == "forward":
        outputs = (notes.outputs for notes in case.notes)
        first, second = ([mark for path, mark in side if path == case.found.module] for side in outputs)
        yield f"outputs of `{case.found.module}`", (first, second)
    if case.found.phase in ("backward", "all-reduce"):
        yield "gradients", (left.gradients, right.gradients)


def _share_of_short(marks: Sequence[str]) -> float | None:
    """Return which share of the sampled float32 elements that are not zero, and finite, end in many zero bits."""
    found = (word for mark in marks if is_there(mark) and _is_float32(mark) for word in sampled(mark))
    words = [word for word in found if word << 1 & _WORD and word & _EXPONENT != _EXPONENT]
    if len(words) < FEWEST_ELEMENTS:
        return None
    return sum(not word & ((1 << ROUNDED_BITS) - 1) for word in words) / len(words)


def _is_float32(mark: str) -> bool:
    return format_of(mark) is FORMATS["torch.float32"]

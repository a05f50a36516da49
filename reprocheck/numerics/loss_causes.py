"""A forward pass that differs where no module is: between modules, or in the loss computed of what they give."""

from __future__ import annotations

from typing import Final

from reprocheck.model.verdicts import Cause
from reprocheck.numerics.cause_reach import LARGEST_ROUNDING
from reprocheck.numerics.gradient_causes import a_multiple
from reprocheck.numerics.marks import are_same, format_of, sampled
from reprocheck.numerics.ulp import FORMATS
from reprocheck.numerics.watched_case import Case, Opinion, size_of

_LARGEST_OF_FLOAT32: Final = 2e-3  # where no module gives a shorter format; TF32 and float16 inputs make as much


def another_loss(case: Case) -> Opinion:
    """Look for equal outputs of all modules, where both steps tell them, and another loss: no multiple of it."""
    left, right = case.notes
    if not left.outputs or not right.outputs or case.found.quantity != "loss":
        return None
    if isinstance(a_multiple(case), Cause):  # that says more of the same fault
        return None
    return Cause(
        what="the loss is computed otherwise from equal outputs",
        evidence=(f"all {len(left.outputs)} modules that ran gave the same, and the loss differs",),
        fix="compare the loss function and its arguments: `label_smoothing`, `weight`, `ignore_index`, `reduction`, "
        "and what is added to it",
    )


def other_forward_code(case: Case) -> Opinion:
    """Look for the first module that gives something else by more than rounding, or that runs on one side only."""
    left, right = (notes.outputs for notes in case.notes)
    pairs = enumerate(zip(left, right, strict=False))
    place = next((n for n, (one, other) in pairs if one[0] != other[0] or not are_same(one[1], other[1])), None)
    if case.found.phase != "forward" or place is None:
        return None
    there, here, before = (_named(path) for path in (left[place][0], right[place][0], left[place - 1][0]))
    began = f"after {before}" if place else "at the beginning"
    if there != here:
        return Cause(
            what=f"the forward pass calls other modules {began}",
            evidence=(f"the next output is that of {there} in the record, and that of {here} here",),
            fix="compare the code of `forward` there: a call that was left out, added, or moved",
        )
    size = size_of(case.found)
    if size is None or size <= _largest_rounding(case):
        return None
    ended = f"the {place} that ended before it gave the recorded bits" if place else "no other ended before it"
    return Cause(
        what=f"the forward pass computes otherwise {began}, up to the output of {there}",
        evidence=(f"{there} is the first module whose output differs, by more than rounding; {ended}",),
        fix="compare the code there: activations, masks, and functions of `torch.nn.functional` with their arguments "
        "are no modules; and compare values that no optimizer holds, such as frozen weights",
    )


def _named(path: str) -> str:
    return f"`{path}`" if path else "the model"


def _largest_rounding(case: Case) -> float:
    """Return what roundings of one forward pass may come to, relatively: less where everything is float32."""
    formats = {format_of(mark) for notes in case.notes for _, mark in notes.outputs if sampled(mark)}
    return _LARGEST_OF_FLOAT32 if formats == {FORMATS["torch.float32"]} else LARGEST_ROUNDING

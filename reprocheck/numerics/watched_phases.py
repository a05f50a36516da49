"""The phases of a step of a user's own training, told apart by its notes.

In this order: *data*; *random* (the generators were in another state, and the forward pass shows it); *forward* (what
modules gave, where both runs tell it, the loss, and buffers, which a forward pass updates); *scale*; then the
gradients: *backward*, *all-reduce*, *unscale* or *clip*, as `gradient_phases` has it; *optimizer*. A digest of a
generator is never a difference by itself: numbers that nobody uses may be drawn at any time.
"""

from __future__ import annotations

from dataclasses import replace

from reprocheck.model.records import RankStep
from reprocheck.model.step_notes import StepNotes
from reprocheck.model.verdicts import Divergence
from reprocheck.numerics.gradient_phases import clips, gradient_phase, local_parted
from reprocheck.numerics.marks import are_same, is_there
from reprocheck.numerics.pairs import Pair, of_output
from reprocheck.numerics.phases import Phase, data, gradients_in, loss, norm, optimizer, scale

_NO_NOTES = StepNotes()


def notes_of(step: RankStep | None) -> StepNotes:
    """Return the notes of a step, empty ones where there are none."""
    return step.notes if step and step.notes else _NO_NOTES


def _which_optimizer(pair: Pair) -> Divergence | None:
    left, right = (str(notes_of(side).optimizer) for side in (pair.recorded, pair.observed))
    return pair.setting("optimizer", "optimizer that makes the step", left, right)


def _random(pair: Pair) -> Divergence | None:
    """Put a difference of the forward pass down to a generator that has only now come into another state."""
    name = newly_parted(pair)
    if not name or _forward(pair) is None:
        return None
    left, right = (notes_of(side).random[name] for side in (pair.recorded, pair.observed))
    return pair.setting("random", f"state of the generator `{name}`", left, right)


def newly_parted(pair: Pair) -> str:
    """Return the first generator whose states differ now and did not in the step before, or an empty text.

    One that differed before, with equal numbers, has shown that it decides none. In the first step only those of torch
    count: nobody seeds all the others, and few of them matter.
    """
    earlier = parted_generators(pair.recorded_before, pair.observed_before)
    now = parted_generators(pair.recorded, pair.observed)
    return next((name for name in now if name not in earlier and (pair.step or is_of_torch(name))), "")


def is_of_torch(generator: str) -> bool:
    """Say whether a generator is one of torch, on any device."""
    return generator.startswith(("torch", "cuda"))


def parted_generators(recorded: RankStep | None, observed: RankStep | None) -> tuple[str, ...]:
    """Return the generators that both steps tell of and that are in different states, those of torch first."""
    left, right = notes_of(recorded).random, notes_of(observed).random
    names = [name for name in left if name in right and left[name] != right[name]]
    return tuple(sorted(names, key=lambda name: (not is_of_torch(name), name)))


def _forward(pair: Pair) -> Divergence | None:
    return _output(pair) or loss(pair) or _buffer(pair)


def _output(pair: Pair) -> Divergence | None:
    """Compare what the modules gave, in the order of their ends, where both steps are dense."""
    left, right = notes_of(pair.recorded).outputs, notes_of(pair.observed).outputs
    if not left or not right:
        return None
    where = (pair.step, pair.rank, "forward", "output of")
    for (path, mark), (other, other_mark) in zip(left, right, strict=False):
        if path != other:
            return None if _is_equal(pair) else pair.setting("forward", "module that ends next", path, other)
        if not are_same(mark, other_mark):
            found = of_output(where, path or "the model", mark, other_mark)
            return replace(found, tensor=None, module=path)
    ran = pair.setting("forward", "number of modules that ran", str(len(left)), str(len(right)))
    return None if _is_equal(pair) else ran


def _is_equal(pair: Pair) -> bool:
    """Say whether all numbers of the step are equal: then it does not matter which modules made them."""
    left, right = pair.recorded, pair.observed
    marks = zip((*left.gradients, *left.parameters), (*right.gradients, *right.parameters), strict=True)
    return left.loss == right.loss and left.gradient_norm == right.gradient_norm and all(are_same(*m) for m in marks)


def _buffer(pair: Pair) -> Divergence | None:
    """Compare what the step has values of and no gradients: buffers, which the forward pass updates."""
    left, right = pair.recorded.parameters, pair.observed.parameters
    for index, marks in enumerate(zip(left, right, strict=True)):
        if has_no_gradient(pair.recorded, index) and has_no_gradient(pair.observed, index) and not are_same(*marks):
            return pair.tensor("forward", "value of", index, marks)
    return None


def has_no_gradient(step: RankStep, index: int) -> bool:
    """Say whether a step has no gradient of the tensor: a buffer, or one that the loss does not depend on."""
    return index >= len(step.gradients) or not is_there(step.gradients[index])


def _parted_before_all_reduce(pair: Pair) -> Divergence | None:
    """Find the rank whose own gradients differ, before those of all ranks that it was summed with."""
    return gradients_in(pair, gradient_phase(pair)) if local_parted(pair) else None


def _gradients(pair: Pair) -> Divergence | None:
    return gradients_in(pair, gradient_phase(pair))


def _norm(pair: Pair) -> Divergence | None:
    """Compare the norms where both sides clip or neither does: they are computed in two ways."""
    return norm(pair) if clips(pair.recorded) == clips(pair.observed) else None


WATCHED_PHASES: tuple[Phase, ...] = (
    _which_optimizer,
    data,
    _random,
    _forward,
    scale,
    _parted_before_all_reduce,
    _gradients,
    _norm,
    optimizer,
)

"""Causes that lie with random numbers: another seed, other draws, a state that was not restored, dropout."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.verdicts import Cause
from reprocheck.numerics.data_causes import has_another_sampler
from reprocheck.numerics.watched_case import Case, Opinion, evidence
from reprocheck.numerics.watched_phases import is_of_torch, notes_of, parted_generators

SEED = "seed.torch"
_SEED_ALL = "seed `torch`, `random` and `numpy` as in the recorded run, before the model and the data are made"
_START = {
    True: "other random numbers were drawn before the first step",
    False: "the random generators start elsewhere: another seed, or other draws before the first step",
}
_SAME_SEED = ("the seed of torch is the recorded one",)
_RESTORE = (
    "save the states of the generators in the checkpoint and set them on resume: `torch.set_rng_state`, "
    "`torch.cuda.set_rng_state_all`, `random.setstate`, `numpy.random.set_state`"
)


def another_seed(case: Case) -> Opinion:
    """Look for another seed, by what torch says of it."""
    left, right = (settings.get(SEED) for settings in case.settings)
    if not left or not right:
        return None
    if left == right:
        return "the seed of torch is the recorded one"
    return Cause(what="another seed", evidence=evidence([("seed of torch", left, right)]), fix=_SEED_ALL)


def not_restored(case: Case) -> Opinion:
    """Look for a resumed run that draws from generators in another state."""
    step = case.found.step
    is_resumed = [name for name, value in notes_of(case.steps[1]).settings.items() if _is_resumed(name, value)]
    parted = parted_generators(*case.steps)
    if not is_resumed or not parted or parted_generators(*case.steps_at(step - 1)):
        return None
    began = f"the optimizer that makes step {step} continues a run ({notes_of(case.steps[1]).settings[is_resumed[0]]})"
    return Cause(
        what="the state of the random generators was not restored on resume",
        evidence=(began, f"{_names(parted)} in another state than recorded before step {step}"),
        fix=_RESTORE,
    )


def other_draws(case: Case) -> Opinion:
    """Look for the first step before which a generator was in another state, with one seed."""
    first, parted = _first_parted(case)
    if parted and case.found.phase == "data" and has_another_sampler(case):
        return None
    if not parted:
        return "the random generators are in the recorded states" if _tells_generators(case) else None
    left, right = (settings.get(SEED, "") for settings in case.settings)
    if left and right and left != right:
        return None
    if first == 0:
        parted = tuple(name for name in parted if case.is_steady or is_of_torch(name))
        if not parted:
            return "the random generators of torch are in the recorded states"
        fact = f"{_names(parted)} in another state than recorded before step 0"
        return Cause(
            what=_START[bool(left and right)], evidence=(fact, *_SAME_SEED[: bool(left and right)]), fix=_SEED_ALL
        )
    fact = f"{_names(parted)} in the recorded state before step {first - 1}, and in another before step {first}"
    return Cause(
        what=f"other random numbers were drawn in step {first - 1}",
        evidence=(fact,),
        fix="look for what draws between the two steps only there or only here: augmentation, a shuffle, "
        "an evaluation, a sample that is logged",
    )


def drawn_in_the_forward_pass(case: Case) -> Opinion:
    """Look for a forward pass that draws only there or only here, as dropout does."""
    there, here = _draws(case)
    if there is None or here is None:
        return None
    if there == here:
        return "both runs draw random numbers in this step" if there else "no run draws random numbers in this step"
    quiet, loud = ("here", "in the record") if there else ("in the record", "here")
    step = case.found.step
    fact = f"from step {step} to {step + 1} the generator `torch` moves on {loud}, and stands still {quiet}"
    return Cause(
        what=f"dropout, or what else draws random numbers, is {'off' if there else 'on'} here",
        evidence=(fact,),
        fix="call `model.train()` before training as in the recorded run, also after an evaluation, "
        "and give the layers the recorded rates",
    )


def _is_resumed(name: str, value: str) -> bool:
    return name.endswith(".state") and value.startswith("step ") and value != "step 0"


def _first_parted(case: Case) -> tuple[int, tuple[str, ...]]:
    """Return the first step up to the divergence before which generators differ for good, and which these are."""
    parted = parted_generators(*case.steps)
    first = case.found.step
    while first > 0 and parted and (earlier := parted_generators(*case.steps_at(first - 1))):
        first, parted = first - 1, earlier
    return first, parted


def _tells_generators(case: Case) -> bool:
    left, right = case.notes
    return bool(left.random and right.random)


def _draws(case: Case) -> Iterator[bool | None]:
    """Say of both sides whether the generator of torch moves from the diverging step to the next."""
    now, after = case.steps, case.steps_at(case.found.step + 1)
    for step, next_step in zip(now, after, strict=True):
        before, behind = (notes_of(one).random.get("torch") for one in (step, next_step))
        yield None if before is None or behind is None else before != behind


def _names(generators: tuple[str, ...]) -> str:
    names = ", ".join(f"`{name}`" for name in generators)
    return f"the generator {names} is" if len(generators) == 1 else f"the generators {names} are"

"""Causes that lie with the data: another order, an epoch that the sampler was not told, other micro-batches.

The digest of a batch has two words, `ORDERED.SAMPLES`: in the second the places of the samples play no part, so that
over steps it adds up (modulo 2^64) to the same for the same samples in any order.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.records import Run
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.watched_case import Case, Opinion, evaluates_again, evidence

_WORD = 1 << 64
_NEXT_STEPS = 3  # how many steps in a row must repeat an earlier epoch, as far as the runs have them
_EPOCH = "data.epoch"
_SAMPLER = "data.sampler"
_IN_FIXED_ORDER = "SequentialSampler"
_PREPARED = (
    "compare the files of the data set, its version, and what prepares a sample: "
    "cropping, augmentation, tokenisation, and the packages that do it"
)
_SET_EPOCH = "call `sampler.set_epoch(epoch)` before the loader is iterated, in every epoch as in the recorded run"


def another_loader(case: Case) -> Opinion:
    """Look for a data loader or sampler that is set otherwise."""
    shown = case.other_settings(lambda name: name.startswith("data.") and name != _EPOCH)
    if not shown:
        return "the data loader is set as recorded" if case.knows_settings(_is_of_data) else None
    return Cause(
        what="the data loader is set otherwise: other batches, or another order",
        evidence=evidence(shown),
        fix="give `DataLoader` and its sampler the recorded arguments",
    )


def another_epoch(case: Case) -> Opinion:
    """Look for a sampler that was told another epoch, or batches of an earlier epoch that come again."""
    told = evidence(case.other_settings(lambda name: name == _EPOCH))
    repeated = _repeated(case)
    if not told and repeated is None:
        return None
    again = () if repeated is None else (_again(case, repeated),)
    return Cause(
        what="the sampler was told another epoch: `set_epoch` is missing or called otherwise",
        evidence=(*told, *again),
        fix=_SET_EPOCH,
    )


def past_the_model(case: Case) -> Opinion:
    """Look for a step in which the outermost model, as optimizers and wrappers know it, is called on one side only."""
    left, right = (events.count("F") for events in case.events)
    compiled = (run.in_force.get("compiled") for run in (case.recorded, case.observed))
    if bool(left) == bool(right) or not all(case.events) or any(compiled):  # compiled code may call it unseen
        return None
    return Cause(
        what="the forward pass goes past the outermost model here" if left else "the record goes past the model",
        evidence=(f"calls of the outermost model in step {case.found.step}: recorded {left}, here {right}",),
        fix="call the same object as the recorded run: `model.module(...)` or `model.forward(...)` go past "
        "DistributedDataParallel and hooks, and gradients are then not averaged over the ranks",
    )


def other_micro_batches(case: Case) -> Opinion:
    """Look for another number of forward passes in the step."""
    left, right = (events.count("F") for events in case.events)
    if not left or not right or any(map(evaluates_again, case.events)):
        return None
    if left == right:
        return "a step has as many forward passes as recorded"
    return Cause(
        what="a step takes another number of batches",
        evidence=(f"forward passes in step {case.found.step}: recorded {left}, here {right}",),
        fix="accumulate gradients over the recorded number of batches",
    )


def another_order(case: Case) -> Opinion:
    """Look for the same data in other places: in another step, on another rank, or shuffled."""
    fact = _on_another_rank(case) or _in_another_step(case) or _shuffled(case)
    if not fact:
        return None
    return Cause(
        what="the same data come in another order",
        evidence=(fact,),
        fix="shuffle with the recorded seed: a `generator` of its own for the loader, or `torch.manual_seed` "
        "before it is iterated; sort what is listed from a folder or a set",
    )


def other_samples(case: Case) -> Opinion:
    """Look at whether all samples of two equally long runs add up to the same."""
    runs = (case.recorded, case.observed)
    left, right = ([*_running_sums(run, case.found.step)] for run in runs)
    if len(left) != len(right) or not left or left[-1] is None or right[-1] is None or left[-1] == right[-1]:
        return None
    last = len(case.recorded.steps) - 1
    return Cause(
        what="the samples themselves are others, not only their order",
        evidence=(f"from step {case.found.step} to {last} they do not add up to those recorded, in any order",),
        fix=_PREPARED,
    )


def other_content(case: Case) -> Opinion:
    """Look for other batches of a loader that goes through its data set from the first sample to the last."""
    left, right = (settings.get(_SAMPLER) for settings in case.settings)
    if left != _IN_FIXED_ORDER or right != left or case.other_settings(_is_of_data):
        return None
    if isinstance(another_order(case), Cause) or isinstance(other_samples(case), Cause):
        return None
    return Cause(
        what="the data set gives other samples in the same places",
        evidence=(f"the loader is set as recorded and shuffles nothing ({left})",),
        fix=f"{_PREPARED}; sort what is listed from a folder or a set",
    )


def has_another_sampler(case: Case) -> bool:
    """Say whether the loader has a sampler of another class, which draws otherwise by itself."""
    return bool(case.other_settings(lambda name: name == _SAMPLER))


def _is_of_data(name: str) -> bool:
    return name.startswith("data.")


def _data(run: Run, step: int, rank: int) -> str | None:
    return run.steps[step][rank].data if 0 <= step < len(run.steps) and rank < len(run.steps[step]) else None


def _repeated(case: Case) -> int | None:
    """Return how many steps ago the batches from the diverging step on came already here, and not in the record."""
    step, rank = case.found.step, case.found.rank
    following = range(step, min(step + _NEXT_STEPS, len(case.observed.steps), len(case.recorded.steps)))
    for period in range(1, step + 1):
        if all(_comes_again(case.observed, n, period, rank) for n in following) and not any(
            _comes_again(case.recorded, n, period, rank) for n in following
        ):
            return period
    return None


def _comes_again(run: Run, step: int, period: int, rank: int) -> bool:
    return _data(run, step, rank) == _data(run, step - period, rank)


def _again(case: Case, period: int) -> str:
    step = case.found.step
    return f"the batch of step {step} here is that of step {step - period} again; in the record it is another"


def _on_another_rank(case: Case) -> str:
    step, rank = case.found.step, case.found.rank
    if step >= len(case.recorded.steps) or step >= len(case.observed.steps):
        return ""
    recorded = [one.data for one in case.recorded.steps[step]]
    here = case.observed.steps[step][rank].data
    return f"rank {rank} gets the batch that rank {recorded.index(here)} got in the record" if here in recorded else ""


def _in_another_step(case: Case) -> str:
    step, rank = case.found.step, case.found.rank
    wanted = _data(case.recorded, step, rank)
    places = [n for n in range(len(case.observed.steps)) if _data(case.observed, n, rank) == wanted]
    return f"the recorded batch of step {step} comes in step {places[0]} here" if places else ""


def _shuffled(case: Case) -> str:
    """Return the first steps over which the samples add up to the same."""
    step = case.found.step
    both = zip(*(_running_sums(run, step) for run in (case.recorded, case.observed)), strict=False)
    for last, (left, right) in enumerate(both, step):
        if left is not None and left == right:
            steps = f"of step {step}" if last == step else f"of the steps {step} to {last}"
            return f"the samples {steps} are those recorded, in another order"
    return ""


def _running_sums(run: Run, first: int) -> Iterator[int | None]:
    """Yield the sums of the samples' words of all ranks from a step on, None from where a step does not tell them."""
    total: int | None = 0
    for ranks in run.steps[first:]:
        words = [_samples(rank.data) for rank in ranks]
        total = None if total is None or None in words else (total + sum(filter(None, words))) % _WORD
        yield total


def _samples(data: str) -> int | None:
    _, _, word = data.partition(".")
    try:
        return int(word, 16)
    except ValueError:  # a record may have been made by other hands
        return None

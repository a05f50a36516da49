"""Causes that lie with the model: how it is built, its first values, what changes them beside the optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.records import TensorSpec
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.marks import are_same, sampled
from reprocheck.numerics.watched_case import Case, Opinion, Shown, differing, evidence, last_marks, marks_of
from reprocheck.numerics.watched_phases import has_no_gradient

EVAL = " (eval)"
_MOST_SHOWN = 4


def another_module(case: Case) -> Opinion:
    """Look for modules that are built otherwise, as far as they can have given what differs."""
    left, right = (dict(program.modules) for program in case.programs)
    if not left or not right:
        return None
    gave = case.found.module if case.found.phase == "forward" and not case.found.tensor else ""
    shown = [one for one in differing(left, right) if _may_reach(one[0], gave)]
    if not shown:
        return "all modules are described as recorded"
    only_mode = [one for one in shown if one[1].removesuffix(EVAL) == one[2].removesuffix(EVAL)]
    if len(only_mode) == len(shown):
        return Cause(
            what="modules are in another mode: training there, evaluation here, or the other way round",
            evidence=evidence(map(_module, shown)),
            fix="call `model.train()` or `model.eval()` as the recorded run did before the first step",
        )
    return Cause(
        what="the model is built otherwise",
        evidence=evidence(map(_module, shown)),
        fix="build these modules with the recorded arguments",
    )


def another_number_of_ranks(case: Case) -> Opinion:
    """Look for a run on more or fewer ranks."""
    left, right = len(case.recorded.initial), len(case.observed.initial)
    if left == right:
        return None
    return Cause(
        what="another number of ranks",
        evidence=evidence([("ranks", str(left), str(right))]),
        fix=f"launch {left} ranks: `torchrun --nproc_per_node={left}` on one machine",
    )


def other_parameters(case: Case) -> Opinion:
    """Look for parameters that only one side has, or that have another shape or type."""
    left, right = ({tensor.name: _layout(tensor) for tensor in run.tensors} for run in (case.recorded, case.observed))
    shown = differing(left, right)
    if not shown:
        return _another_order(case)
    more = len(shown) - _MOST_SHOWN
    return Cause(
        what="the model has other parameters",
        evidence=(
            *evidence((f"`{name}`", recorded, observed) for name, recorded, observed in shown[:_MOST_SHOWN]),
            *([f"and {more} more"] if more > 0 else []),
        ),
        fix="build the model with the recorded arguments, tie the weights that were tied, freeze those that were "
        "frozen, and give the optimizer the same parameters",
    )


def _another_order(case: Case) -> Cause | None:
    if case.recorded.tensors == case.observed.tensors:
        return None
    pairs = zip(case.recorded.tensors, case.observed.tensors, strict=False)
    first = next((left.name, right.name) for left, right in pairs if left != right)
    return Cause(
        what="the optimizer holds the parameters in another order, or in other groups",
        evidence=evidence([("first in another place", f"`{first[0]}`", f"`{first[1]}`")]),
        fix="give the optimizer the recorded groups, each with the recorded parameters in their order",
    )


def other_start(case: Case) -> Opinion:
    """Look for first values of several tensors that are others, drawn from the recorded seed and generators."""
    rank = case.found.rank
    seeds = {settings.get("seed.torch", "") for settings in case.settings}
    drawn = [notes.random for notes in case.notes]
    left, right = (marks_of(run, -1, rank) for run in (case.recorded, case.observed))
    if len(seeds) != 1 or "" in seeds or not drawn[0] or drawn[0] != drawn[1]:
        return None
    if case.recorded.tensors != case.observed.tensors or not left or not right:
        return None
    others = [index for index, pair in enumerate(zip(left, right, strict=True)) if not are_same(*pair)]
    if len(others) <= 1:  # `altered_start` tells of one
        return None
    return Cause(
        what="the parameters are initialised otherwise, or loaded from another checkpoint",
        evidence=(
            f"{len(others)} of {len(left)} tensors differ; the seed of torch and the random generators before the "
            "first step are as recorded",
        ),
        fix="compare the initialisation of the layers, its arguments and its order, and the hash of a checkpoint",
    )


def altered_start(case: Case) -> Opinion:
    """Look for first values of which only one tensor is another."""
    rank = case.found.rank
    left, right = (marks_of(run, -1, rank) for run in (case.recorded, case.observed))
    if case.recorded.tensors != case.observed.tensors or not left or not right:
        return None
    others = [index for index, pair in enumerate(zip(left, right, strict=True)) if not are_same(*pair)]
    if len(others) != 1 or len(left) == 1:
        return None
    marks = left[others[0]], right[others[0]]
    fact = flipped_bit(*marks)
    name = case.recorded.tensors[others[0]].name
    if not fact and samples_apart(*marks):
        return Cause(
            what=f"the first values of `{name}` alone are others: it is initialised or loaded otherwise",
            evidence=(f"1 of {len(left)} tensors differs", samples_apart(*marks)),
            fix="compare how this parameter is made: the initialisation, the checkpoint, what is edited in between",
        )
    return Cause(
        what=f"the first values of `{name}` alone are others: a flipped bit, or an edited checkpoint",
        evidence=(f"1 of {len(left)} tensors differs", *([fact] if fact else [])),
        fix="load the weights anew and compare the hash of their file; if it is the recorded one, test the memory",
    )


def changed_between_steps(case: Case) -> Opinion:
    """Look for parameters that somebody else than the optimizer changed before the diverging step."""
    left, right = case.notes
    names = [name for name in right.before if name not in left.before]
    if not names:
        return None
    step = case.found.step
    when = "before the first step" if step == 0 else f"between step {step - 1} and step {step}"
    facts = [f"`{name}` was changed {when}, not by the optimizer{_bit(case, name)}" for name in names]
    return Cause(
        what=f"parameters were changed {when}: a flipped bit, or code beside the optimizer",
        evidence=tuple(facts),
        fix="look for code that writes to the parameters: averaging, clipping of weights, a checkpoint that is loaded; "
        "if there is none, test the memory",
    )


def stale_statistics(case: Case) -> Opinion:
    """Look for buffers that stand still on one side, as those of a batch norm in evaluation mode do."""
    if case.found.step == 0:  # before it, nobody saw what no optimizer holds
        return None
    facts = [*_standing_still(case)]
    if not facts:
        return None
    return Cause(
        what="running statistics (buffers) stand still on one side",
        evidence=tuple(facts),
        fix="call `model.train()` before training as in the recorded run, also after an evaluation, and give the "
        "normalisation the recorded `momentum` and `track_running_stats`",
    )


def buffers_not_restored(case: Case) -> Opinion:
    """Look for buffers alone that differ after the first forward pass: they started from other values."""
    left, right = case.steps
    if case.found.step or not case.found.tensor or left is None or right is None:
        return None
    if isinstance(another_module(case), Cause):  # another momentum gives other statistics from the same start
        return None
    both = enumerate(zip(left.parameters, right.parameters, strict=True))
    names = [case.recorded.tensors[place].name for place, pair in both if not are_same(*pair)]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return Cause(
        what="buffers, such as running statistics, start from other values; the parameters are equal",
        evidence=(f"`{names[0]}`{more} after the first forward pass, whose data and loss are as recorded",),
        fix="save and load them with the model: `state_dict` and `load_state_dict` hold both",
    )


def flipped_bit(left: str, right: str) -> str:
    """Return what the samples of two marks say of a flipped bit, empty where they show none, or more."""
    both = zip(sampled(left), sampled(right), strict=False)
    others = [(place, a ^ b) for place, (a, b) in enumerate(both) if a != b]
    if len(others) != 1 or others[0][1].bit_count() != 1:
        return ""
    return f"one sampled element differs, in bit {others[0][1].bit_length() - 1} alone"


def samples_apart(left: str, right: str) -> str:
    """Return how many sampled elements of two marks differ, empty where none does."""
    both = [*zip(sampled(left), sampled(right), strict=False)]
    others = sum(a != b for a, b in both)
    return f"{others} of {len(both)} sampled elements differ" if others else ""


def _layout(tensor: TensorSpec) -> str:
    return f"{tensor.dtype.removeprefix('torch.')}{list(tensor.shape)}"


def _may_reach(path: str, found: str) -> bool:
    """Say whether a module can have given what differs: it is that module, lies in it or around it."""
    return not found or path == found or path.startswith(f"{found}.") or found.startswith(f"{path}.") or not path


def _module(shown: Shown) -> Shown:
    path, recorded, observed = shown
    return f"`{path}`" if path else "the model", recorded, observed


def _bit(case: Case, name: str) -> str:
    index = next((place for place, tensor in enumerate(case.observed.tensors) if tensor.name == name), None)
    if index is None:
        return ""
    was = last_marks(case.observed, index, case.found.step - 1, case.found.rank)
    fact = flipped_bit(was, case.notes[1].before[name])
    return f"; {fact}" if fact else ""


def _standing_still(case: Case) -> Iterator[str]:
    left, right = case.steps
    if left is None or right is None:
        return
    for index, tensor in enumerate(case.recorded.tensors):
        if not has_no_gradient(left, index) or not has_no_gradient(right, index):
            continue
        there, here = (_moves(case, side, index) for side in (0, 1))
        if there is not None and here is not None and there != here:
            quiet, loud = ("here", "in the record") if there else ("in the record", "here")
            yield f"`{tensor.name}` changes in step {case.found.step} {loud}, and stands still {quiet}"


def _moves(case: Case, side: int, index: int) -> bool | None:
    """Say whether a tensor has other values after the diverging step than before it."""
    run, step = (case.recorded, case.observed)[side], case.found.step
    before, after = (last_marks(run, index, number, case.found.rank) for number in (step - 1, step))
    return None if not before or not after else not are_same(before, after)

"""Causes that lie with an optimizer, its learning rate or the loss scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reprocheck.model.records import Run
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.marks import are_same, is_there
from reprocheck.numerics.watched_case import Case, Opinion, Shown, evaluates_again, evidence
from reprocheck.numerics.watched_phases import notes_of

OF_PROGRAM = ("autocast", "clip.", "data.", "scaler.", "seed.")
SAME_RATE = 1e-9
_START = "initial_lr"  # of a schedule; the rate in force tells more
_WORDS = {"lr": "learning rate"}
FEWEST_TENSORS = 2
_FEWEST_RATES = 2


def another_optimizer(case: Case) -> Opinion:
    """Look for an optimizer of another class."""
    left, right = (program.optimizers for program in case.programs)
    if not left or not right:
        return None
    if left == right:
        return f"the optimizer is {', '.join(left)}, as recorded"
    return Cause(
        what="another optimizer",
        evidence=evidence([("optimizers in the order of their first steps", ", ".join(left), ", ".join(right))]),
        fix=f"train with {', '.join(left)}",
    )


def schedule_off(case: Case) -> Opinion:
    """Look for learning rates that are those of another recorded step: a schedule that runs ahead or behind."""
    optimizer = case.notes[0].optimizer
    left, right = (_rates(run, case.found.rank, optimizer) for run in (case.recorded, case.observed))
    if left == right or len(set(left)) < _FEWEST_RATES:
        return None
    for shift, words in ((1, "one step ahead"), (-1, "one step behind")):
        if _agree_when_shifted(left, right, shift):
            return Cause(
                what=f"the learning-rate schedule runs {words}",
                evidence=(
                    f"each learning rate here is the recorded one of the step {'after' if shift > 0 else 'before'}",
                ),
                fix="call `scheduler.step()` once a step, after `optimizer.step()`; on resume load its state",
            )
    return None


def other_optimizer_settings(case: Case) -> Opinion:
    """Look for settings of the optimizer that differ in the diverging step."""
    shown = case.other_settings(is_of_optimizer)
    if not shown:
        return "the settings of the optimizer are as recorded" if case.knows_settings(is_of_optimizer) else None
    names = sorted({name.rpartition(".")[2] for name, *_ in shown})
    if "lr" in names:
        shown, names = [one for one in shown if not _is_start(one)], [name for name in names if name != _START]
    if names == ["lr"] and isinstance(schedule_off(case), Cause):
        return None
    return Cause(
        what=f"the optimizer has other settings: {', '.join(_WORDS.get(name, name) for name in names)}",
        evidence=evidence(map(_with_factor, shown)),
        fix="give the optimizer, and the schedule that steers it, the recorded settings",
    )


def settings_within_the_step(case: Case) -> Opinion:
    """Look for other settings of an optimizer that moves the parameters several times within one step, as LBFGS does.

    The number of its forward passes is its own choice then.
    """
    opinion = other_optimizer_settings(case) if any(map(evaluates_again, case.events)) else None
    return opinion if isinstance(opinion, Cause) else None


def lost_state(case: Case) -> Opinion:
    """Look for an optimizer that starts empty where the recorded one continued, or the other way round."""
    name = f"{case.notes[0].optimizer}.state"
    left, right = (settings.get(name) for settings in case.settings)
    if left is None or right is None:
        return None
    if left == right:
        return "the optimizer starts from the recorded state"
    return Cause(
        what="the state of the optimizer was not restored on resume" if right == "empty" else "another optimizer state",
        evidence=evidence([("state at the first step", left, right)]),
        fix="save `optimizer.state_dict()` in the checkpoint and load it before the first step",
    )


def changed_alone(case: Case) -> Opinion:
    """Look for a single tensor with other values after a step whose gradients and settings are all equal."""
    left, right = case.steps
    if left is None or right is None or left.skipped or right.skipped or case.other_settings(is_of_optimizer):
        return None
    pairs = enumerate(zip(left.parameters, right.parameters, strict=True))
    others = [index for index, pair in pairs if not are_same(*pair)]
    if len(others) != 1 or sum(map(is_there, left.gradients)) < FEWEST_TENSORS:
        return None
    name = case.recorded.tensors[others[0]].name
    return Cause(
        what=f"the values of `{name}` alone were changed: a flipped bit, or code beside the optimizer",
        evidence=(f"1 of {len(left.parameters)} tensors differs after step {case.found.step}, its gradients do not",),
        fix="look for code that writes to this parameter; if there is none, test the memory",
    )


def another_scaler(case: Case) -> Opinion:
    """Look for a GradScaler that is off, starts elsewhere or grows otherwise."""
    left, right = case.steps
    if left is None or right is None:
        return None
    shown = case.other_settings(lambda name: name.startswith("scaler."))
    there, here = (f"{float.fromhex(side.loss_scale):.6g}" for side in (left, right))
    if not shown and there == here:
        return "the loss scale is the recorded one"
    facts = evidence([*shown, *([("loss scale", there, here)] if there != here else [])])
    return Cause(
        what="the loss is scaled otherwise",
        evidence=facts,
        fix="give `GradScaler` the recorded `enabled`, `init_scale`, `growth_factor` and `growth_interval`, "
        "and on resume its state",
    )


def another_skip(case: Case) -> Opinion:
    """Look for a step that was taken on one side and left out on the other."""
    left, right = case.steps
    if left is None or right is None or left.skipped == right.skipped:
        return None
    where = "here" if right.skipped else "in the record"
    return Cause(
        what=f"the step was left out {where} because a gradient overflowed",
        evidence=(f"step {case.found.step} was skipped by GradScaler {where} alone",),
        fix="compare the loss scales and the autocast dtype of the two runs",
    )


def is_of_optimizer(name: str) -> bool:
    """Say whether a setting is one of an optimizer's group: `0.lr`."""
    return not name.startswith(OF_PROGRAM) and not name.endswith(".state")


def _is_start(shown: Shown) -> bool:
    return shown[0].rpartition(".")[2] == _START


def _rates(run: Run, rank: int, optimizer: int) -> Sequence[str]:
    steps = [ranks[rank] for ranks in run.steps if rank < len(ranks)]
    return [step.learning_rate for step in steps if notes_of(step).optimizer == optimizer]


def _agree_when_shifted(recorded: Sequence[str], observed: Sequence[str], shift: int) -> bool:
    """Say whether each rate here is the recorded one `shift` steps on, where the record has that step."""
    pairs = [
        (observed[place], recorded[place + shift])
        for place in range(len(observed))
        if 0 <= place + shift < len(recorded)
    ]
    return len(pairs) >= _FEWEST_RATES and len({a for a, _ in pairs}) > 1 and all(map(_are_close, pairs))


def _are_close(rates: tuple[str, str]) -> bool:
    """Say whether two rates are one: a schedule that is computed step by step may round otherwise."""
    return math.isclose(float.fromhex(rates[0]), float.fromhex(rates[1]), rel_tol=SAME_RATE)


def _with_factor(shown: Shown) -> Shown:
    """Say of two numbers how many times as large the one here is."""
    name, recorded, observed = shown
    try:
        factor = float(observed) / float(recorded)
    except (ValueError, ZeroDivisionError):
        return shown
    return name, recorded, f"{observed} ({factor:.6g} times)"

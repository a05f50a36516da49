"""The check of a run whose bits differ, by the envelope of its record.

What no platform may change is compared exactly before: tensors, first weights, batches, learning rate, settings, loss
scale and skipped steps. Of the loss scale there is one exception: it grows until something overflows, and at the border
of the format one rounding decides (of 24 references that were moved by one ULP, all took another way within 200 steps).
A run whose overflow moved is judged up to there, and is for review; its twin in fp32 is judged to its end. Where the
replay of all operations promises the recorded bits, no envelope excuses others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprocheck.model.envelopes import FAIL_ABOVE, GRADIENT_NORM, LOSS, REVIEW_ABOVE, Envelope, limit_of, ratio_text
from reprocheck.model.operations import labels_of
from reprocheck.model.predictions import Prediction, RunPrediction
from reprocheck.model.records import RankStep, Run
from reprocheck.model.verdicts import Check, Divergence, Status
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.envelopes import Excess, Rows, first_beyond, first_other_scale, moved_overflow, rows_of, worst
from reprocheck.numerics.program_promises import broken_promise
from reprocheck.numerics.world_sizes import as_recorded_ranks

MOST_NAMED = 3
PHASE_OF_METRIC = {LOSS: "forward", GRADIENT_NORM: "clip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A run in reach of its envelope: its deviations up to the step `until`, where another loss scale begins."""

    recorded: Run
    envelope: Envelope
    rows: Rows
    until: int | None
    why: str


def held_against_envelopes(
    runs: tuple[Sequence[Run], Sequence[Run]], checks: Sequence[Check], prediction: Prediction, *, is_same_place: bool
) -> tuple[Check, ...]:
    """Return `checks`, with those judged by the envelope that are not bitwise and whose record has one.

    `is_same_place` says that nothing known to decide bits differs around the recorded runs and the others.
    """
    predicted = {run.name: run for run in prediction.runs}
    found = []
    for left, right, check in zip(*runs, checks, strict=True):
        expected = predicted.get(left.plan.name)
        excused = "" if check.status != "fail" else _no_excuse(left, right, expected, is_same_place=is_same_place)
        if excused and left.envelope:
            found.append(replace(check, detail=f"{check.detail}, {excused}: no envelope excuses that"))
        else:
            found.append(held_against_envelope(left, right, check, expected))
    return tuple(found)


def _no_excuse(recorded: Run, observed: Run, predicted: RunPrediction | None, *, is_same_place: bool) -> str:
    """Return why the recorded bits were to be expected here, empty where they were not."""
    if len(recorded.initial) != len(observed.initial):
        return ""
    if recorded.program:  # whose operations nobody replays
        is_same_place = is_same_place and recorded.in_force == observed.in_force
        return "though nothing that decides bits differs around it" if is_same_place else ""
    promised = predicted is not None and predicted.outcome == "identical"
    return "though all operations give the recorded bits here" if promised else ""


def held_against_envelope(recorded: Run, observed: Run, check: Check, predicted: RunPrediction | None) -> Check:
    """Return the check of one run, judged by the envelope where it is not bitwise and the record has one."""
    envelope = recorded.envelope
    if envelope is None or check.status != "fail" or not _is_sketched(observed):
        return check
    until = first_other_scale(recorded.steps, observed.steps)
    if until is not None and not moved_overflow(recorded.steps, observed.steps, until):
        until = None
    alike = as_recorded_ranks(recorded, observed)
    broken = broken_promise(recorded, alike) or first_divergence(*_with_arithmetic_granted(recorded, alike, until))
    if broken:
        detail = f"differs at step {broken.step} in what no platform may change: {broken.quantity}"
        return replace(check, detail=detail, first_divergence=broken)
    rows = rows_of(recorded.steps, observed.steps)[:until]
    as_many = len(recorded.initial) == len(observed.initial)
    ranks = "" if as_many else f", on {len(observed.initial)} rank(s) instead of {len(recorded.initial)}"
    bounded = Bounded(recorded=recorded, envelope=envelope, rows=rows, until=until, why=ranks or _why(check, predicted))
    return _judged(bounded, check) if rows else check


def _judged(bounded: Bounded, check: Check) -> Check:
    excess = worst(bounded.rows, bounded.envelope.grades)
    status = _status(excess.ratio, bounded.until)
    detail = f"bitwise: no{bounded.why}; reproduced: {_answer(status)}, {_told(bounded, excess)}"
    if bounded.until is not None:
        known = ", as in a perturbed reference" if bounded.until in bounded.envelope.borders else ""
        detail += f", up to step {bounded.until}, where an overflow moved{known}"
    beyond = first_beyond(FAIL_ABOVE, bounded.rows, bounded.envelope.grades)
    first = _in_its_phase(_divergence(bounded, beyond), check) if beyond else check.first_divergence
    if beyond and beyond != excess:
        detail += f", first beyond: {_name(bounded.recorded, beyond)} at step {beyond.step}"
    return replace(check, status=status, detail=detail, ratio=ratio_text(excess.ratio), first_divergence=first)


def _status(ratio: float, until: int | None) -> Status:
    if ratio > FAIL_ABOVE:
        return "fail"
    return "review" if ratio > REVIEW_ABOVE or until is not None else "pass"


def _answer(status: Status) -> str:
    return {"pass": "yes", "review": "yes, for review"}.get(status, "no")


def _why(check: Check, predicted: RunPrediction | None) -> str:
    """Return what was predicted, or where the bits part."""
    if predicted and predicted.outcome == "differs":
        labels = labels_of(predicted.operations)
        more = ", …" if len(labels) > MOST_NAMED else ""
        count = len(predicted.operations)
        verb = "1 operation differs" if count == 1 else f"{count} operations differ"
        return f", as predicted: {verb} ({', '.join(labels[:MOST_NAMED])}{more})"
    return f", from step {check.first_divergence.step} on" if check.first_divergence else ""


def _told(bounded: Bounded, excess: Excess) -> str:
    name = _name(bounded.recorded, excess)
    return f"R = {ratio_text(excess.ratio)} of {FAIL_ABOVE:.0f}, worst: {name} at step {excess.step}"


def _name(run: Run, excess: Excess) -> str:
    return excess.metric if isinstance(excess.metric, str) else f"gradient of `{run.tensors[excess.metric].name}`"


def _divergence(bounded: Bounded, excess: Excess) -> Divergence:
    """Return where the run leaves the envelope, as the first divergence of the check."""
    place = excess.metric if isinstance(excess.metric, int) else None
    row = bounded.envelope.grades[excess.step]
    column = place + 2 if place is not None else (LOSS, GRADIENT_NORM).index(str(excess.metric))
    return Divergence(
        step=excess.step,
        rank=0,
        phase=PHASE_OF_METRIC.get(str(excess.metric), "backward"),
        quantity=f"{_name(bounded.recorded, excess)}, beyond the envelope,",
        tensor=None if place is None else bounded.recorded.tensors[place].name,
        recorded=f"honest reruns are up to {limit_of(row[column]):.1e} away, relative",
        observed=f"{excess.deviation:.1e} away",
    )


def _in_its_phase(beyond: Divergence, check: Check) -> Divergence:
    """Return the divergence as one of the sum over the ranks, where the ranks part in that very step."""
    bits = check.first_divergence
    is_of_sum = bits and (bits.step, bits.phase, beyond.phase) == (beyond.step, "all-reduce", "backward")
    return replace(beyond, phase="all-reduce") if is_of_sum else beyond


def _is_sketched(run: Run) -> bool:
    return bool(run.steps) and all(rank.sketches for step in run.steps for rank in step)


def _with_arithmetic_granted(recorded: Run, observed: Run, until: int | None) -> tuple[Run, Run]:
    """Return both runs, without what rounding decides in the second, up to a step."""
    granted = tuple(
        tuple(_granted(left, right) for left, right in zip(ours, theirs, strict=False))
        for ours, theirs in zip(recorded.steps, observed.steps, strict=False)
    )
    # The first weights of a user's training come from torch's generator, whose normal numbers are another platform's
    # rounding; running statistics have seen a forward pass before the first step. Other ones show in the first loss.
    initial = recorded.initial if recorded.program else observed.initial
    return replace(recorded, steps=recorded.steps[:until]), replace(observed, initial=initial, steps=granted[:until])


def _granted(recorded: RankStep, observed: RankStep) -> RankStep:
    notes = observed.notes
    if notes and recorded.notes:
        known = recorded.notes
        notes = replace(notes, losses=known.losses, local=known.local, outputs=known.outputs, before=known.before)
    return replace(
        observed,
        loss=recorded.loss,
        gradients=recorded.gradients,
        gradient_norm=recorded.gradient_norm,
        parameters=recorded.parameters,
        sketches=recorded.sketches,
        notes=notes,
    )

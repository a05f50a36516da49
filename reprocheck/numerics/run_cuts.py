"""The beginning of a user's own training, so that a run that ended early compares with a whole one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reprocheck.model.records import RankStep, Run
from reprocheck.numerics.marks import is_there


def cut(run: Run, count: int) -> Run:
    """Return the first `count` steps of a run, with the tensors that they tell of.

    Those of an optimizer that makes its first step later are left out: a run that ended before knows nothing of them.
    """
    steps = run.steps[:count]
    told = {index for ranks in steps for rank in ranks for index in _told(rank)}
    kept = sorted(told)
    if len(kept) == len(run.tensors):
        return replace(run, steps=steps)
    return replace(
        run,
        tensors=tuple(run.tensors[index] for index in kept),
        initial=tuple(_chosen(marks, kept) for marks in run.initial),
        steps=tuple(tuple(_cut_step(rank, kept) for rank in ranks) for ranks in steps),
    )


def first_told(run: Run) -> frozenset[int]:
    """Return the steps in which tensors are told for the first time: those in which an optimizer makes its first."""
    known: set[int] = set()
    found: set[int] = set()
    for number, ranks in enumerate(run.steps):
        new = {index for rank in ranks for index in _told(rank)} - known if len(known) < len(run.tensors) else set()
        if new:
            found.add(number)
            known |= new
    return frozenset(found)


def _told(step: RankStep) -> Iterable[int]:
    return (index for index, mark in enumerate(step.parameters) if is_there(mark))


def _cut_step(step: RankStep, kept: Sequence[int]) -> RankStep:
    return replace(
        step,
        gradients=_chosen(step.gradients, kept),
        parameters=_chosen(step.parameters, kept),
        sketches=tuple(step.sketches[index] for index in kept) if step.sketches else (),
    )


def _chosen(marks: Sequence[str], kept: Sequence[int]) -> tuple[str, ...]:
    return tuple(marks[index] for index in kept)

"""The steps of a run in a record: quantity by quantity instead of step by step, for a training has thousands of steps.

What a rank tells at every step is a column, one text; the marks of a step are one text each (`model/packed_marks.py`).
A later rank refers to the first wherever it holds the same, and most do in most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprocheck.model.json_documents import Json
from reprocheck.model.packed_marks import EMPTY, pack_column, pack_marks
from reprocheck.model.records import AS_RANK_0, NO_MARK, RankStep, Run
from reprocheck.model.sketches import pack_sketches
from reprocheck.model.step_notes import StepNotes, WatchedProgram

AS_LOSS = "="  # one backward pass a step: its loss is that of the step
MARKED = ("gradients", "parameters")


def watched_members(run: Run, program: WatchedProgram) -> Mapping[str, Json]:
    """Return what the document of a watched run holds beside what all runs hold."""
    return {"program": _program(program), "ranks": rank_members(run)}


def rank_members(run: Run) -> Json:
    """Return what the ranks of a run told, column by column; the notes of a watched one among it."""
    ranks = [_rank(run, rank) for rank in range(run.plan.world_size)]
    return [ranks[0], *(_as_first(rank, ranks[0]) for rank in ranks[1:])]


def joined_losses(losses: Sequence[str], loss: str) -> str:
    """Return the losses of a step as one word of a column."""
    return AS_LOSS if tuple(losses) == (loss,) else ",".join(losses)


def split_losses(word: str, loss: str) -> tuple[str, ...]:
    """Return the losses of a step that `joined_losses` made a word of."""
    return (loss,) if word == AS_LOSS else tuple(filter(None, word.split(",")))


def _program(program: WatchedProgram) -> Mapping[str, Json]:
    return {
        "script": program.script,
        "modules": program.modules,
        "optimizers": program.optimizers,
        "ddp": program.ddp,
        "switches": program.switches,  # type: ignore[dict-item]  # JSON as the worker told it
        "complete": program.complete,
    }


def _rank(run: Run, rank: int) -> dict[str, Json]:
    steps = [step[rank] for step in run.steps]
    return {
        "initial": pack_marks(run.initial[rank]),
        "gradients": [pack_marks(_whole(step.gradients, len(run.tensors))) for step in steps],
        "parameters": [pack_marks(step.parameters) for step in steps],
        "skipped": [number for number, step in enumerate(steps) if step.skipped],
        **{name: pack_column(getattr(step, name) for step in steps) for name in COLUMNS},
        **_sketches(steps, run.plan.dtype),
        **(_notes(steps, [step.notes or StepNotes() for step in steps]) if run.program else {}),
    }


def _sketches(steps: Sequence[RankStep], dtype: str) -> Mapping[str, Json]:
    if not any(step.sketches for step in steps):
        return {}
    return {"sketches": [pack_sketches(step.sketches, dtype) for step in steps]}


def _whole(gradients: Sequence[str], count: int) -> Sequence[str]:
    """Return the marks of the gradients of all tensors; those of the workloads end before the buffers."""
    return [*gradients, *[NO_MARK] * (count - len(gradients))]


# The fields of a step that are one word each.
COLUMNS = ("data", "loss", "loss_scale", "gradient_norm", "learning_rate")


def _notes(steps: Sequence[RankStep], notes: Sequence[StepNotes]) -> Mapping[str, Json]:
    generators = sorted({name for note in notes for name in note.random})
    return {
        "optimizer": pack_column(str(note.optimizer) for note in notes),
        "events": pack_column(note.events for note in notes),
        "local": pack_column(note.local for note in notes),
        "losses": pack_column(joined_losses(note.losses, step.loss) for step, note in zip(steps, notes, strict=True)),
        "random": {name: pack_column(note.random.get(name, EMPTY) for note in notes) for name in generators},
        "settings": {str(number): note.settings for number, note in enumerate(notes) if note.settings},
        "before": {str(number): note.before for number, note in enumerate(notes) if note.before},
        "outputs": {str(number): note.outputs for number, note in enumerate(notes) if note.outputs},
    }


def _as_first(rank: Mapping[str, Json], first: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a later rank with references to the first, step by step where the marks of some steps only are equal."""
    return {key: _one_as_first(value, first[key]) for key, value in rank.items()}


def _one_as_first(value: Json, first: Json) -> Json:
    if value == first:
        return AS_RANK_0
    if isinstance(value, list) and isinstance(first, list) and all(isinstance(item, str) for item in value):
        return [AS_RANK_0 if mine == its else mine for mine, its in zip(value, first, strict=True)]
    return value

"""Trainings of people, made by hand: four steps of a small model, and one change in one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reprocheck.model.records import NO_MARK, RankStep, Run, TensorSpec
from reprocheck.model.step_notes import StepNotes, WatchedProgram
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.runs import command_plan
from reprocheck.numerics.watched_case import Case
from reprocheck.numerics.watched_causes import watched_causes

ONE = "3f800000"
TENSORS = (
    TensorSpec(name="body.weight", dtype="torch.float32", shape=(2, 2)),
    TensorSpec(name="head.weight", dtype="torch.float32", shape=(2,)),
    TensorSpec(name="body.running_mean", dtype="torch.float32", shape=(2,)),
)
MODULES = (
    ("", "Net()"),
    ("body", "LayerNorm((2,), eps=1e-05)"),
    ("drop", "Dropout(p=0.1, inplace=False)"),
    ("head", "Linear(in_features=2, out_features=1)"),
)
SETTINGS = {
    "0.lr": "0.001",
    "0.eps": "1e-08",
    "0.betas": "(0.9, 0.999)",
    "0.weight_decay": "0.01",
    "0.state": "empty",
    "seed.torch": "0",
    "data.sampler": "RandomSampler",
    "clip.norm": "1.0 2.0",
}
RATES = tuple(f"0x1.{step}p-10" for step in range(4))


def mark(name: str, step: int, *bits: str) -> str:
    """Return a mark that stands for a name and a step."""
    return f"{sum(map(ord, name)) * 1_000_003 + step:016x}:{'.'.join(bits)}"


def step(number: int, **notes: Any) -> RankStep:
    """Return a step of a training, with other notes."""
    told: dict[str, Any] = {
        "events": "ZFBUCS",
        "random": {"torch": f"{number:016x}", "python": "7" * 16},
        "settings": SETTINGS if number == 0 else {},
        **notes,
    }
    return RankStep(
        data=f"{number + 1:016x}.{number + 101:016x}",
        loss=f"0x1.{number}p+1",
        loss_scale="0x1.0p+10",
        gradients=(mark("gb", number), mark("gh", number), NO_MARK),
        gradient_norm=f"0x1.{number}p+0",
        learning_rate=RATES[number],
        skipped=False,
        parameters=(mark("b", number), mark("h", number), mark("m", number)),
        notes=StepNotes(**told),
    )


def training(ranks: int = 1, steps: int = 4) -> Run:
    """Return a training; each rank has its own data."""
    start = (mark("b", 99, ONE, ONE), mark("h", 99, ONE), mark("m", 99, ONE))
    rows = [tuple(of_rank(step(number), rank) for rank in range(ranks)) for number in range(steps)]
    return Run(
        plan=command_plan(ranks, steps),
        in_force={"device": "cpu", "torch": "2.13.0", "threads": 2, "deterministic_algorithms": False},
        tensors=TENSORS,
        initial=(start,) * ranks,
        steps=tuple(rows),
        program=WatchedProgram(script="train.py", modules=MODULES, optimizers=("AdamW",)),
    )


def of_rank(seen: RankStep, rank: int) -> RankStep:
    """Return a step as another rank sees it: other data, another loss."""
    if not rank or seen.notes is None:
        return seen
    data = f"{rank}{seen.data[1:17]}{rank}{seen.data[18:]}"
    return replace(seen, data=data, loss=f"{seen.loss}{rank}", notes=replace(seen.notes, local=f"{rank:016x}"))


def altered(run: Run, number: int, rank: int = 0, **fields: Any) -> Run:
    """Return a training with other fields in one step of one rank; those of its notes by their names."""
    seen = run.steps[number][rank]
    assert seen.notes is not None
    of_notes = {name: fields.pop(name) for name in list(fields) if hasattr(seen.notes, name)}
    new = replace(seen, **fields, notes=replace(seen.notes, **of_notes))
    rows = [list(row) for row in run.steps]
    rows[number][rank] = new
    return replace(run, steps=tuple(map(tuple, rows)))


def on_all_ranks(run: Run, number: int, **fields: Any) -> Run:
    """Return a training with other fields in one step of every rank."""
    for rank in range(len(run.initial)):
        run = altered(run, number, rank, **fields)
    return run


def with_settings(run: Run, number: int = 0, **settings: str) -> Run:
    """Return a training whose settings change in a step; `lr_0` stands for `0.lr`, `data_epoch` for `data.epoch`."""
    seen = run.steps[number][0].notes
    assert seen is not None
    new = {(f"0.{key[:-2]}" if key.endswith("_0") else key.replace("_", ".")): value for key, value in settings.items()}
    return on_all_ranks(run, number, settings={**seen.settings, **new})


def with_program(run: Run, **fields: Any) -> Run:
    """Return a training of another program."""
    assert run.program is not None
    return replace(run, program=replace(run.program, **fields))


def other(marks: Sequence[str], *places: int) -> tuple[str, ...]:
    """Return marks of which some stand for other bits."""
    return tuple(f"{'f' * 16}:{one.partition(':')[2]}" if place in places else one for place, one in enumerate(marks))


def sampled(marks: Sequence[str], bits: Mapping[int, str], digest: str = "e") -> tuple[str, ...]:
    """Return marks with sampled bits at some places."""
    return tuple(f"{digest * 16}:{bits[place]}" if place in bits else one for place, one in enumerate(marks))


def case_of(recorded: Run, observed: Run, **more: Any) -> Case:
    """Return the case of two trainings that differ."""
    found = first_divergence(recorded, observed)
    assert found is not None
    return Case(recorded=recorded, observed=observed, found=found, **more)


def causes_of(recorded: Run, observed: Run, **more: Any) -> list[Cause]:
    """Return the causes that the notes of two trainings show."""
    return list(watched_causes(case_of(recorded, observed, **more))[0])


def first_cause(recorded: Run, observed: Run, **more: Any) -> tuple[str, tuple[str, ...]]:
    """Return what the likeliest cause says, and its evidence."""
    cause = causes_of(recorded, observed, **more)[0]
    assert cause.fix
    return cause.what, cause.evidence


def place(recorded: Run, observed: Run) -> tuple[int, int, str, str]:
    """Return step, rank, phase and quantity of the first difference."""
    found = first_divergence(recorded, observed)
    assert found is not None
    return found.step, found.rank, found.phase, found.quantity

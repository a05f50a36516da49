"""Perform reference runs in the audited Python, and put what the ranks told back together.

All runs of one world size share a process: a run builds everything anew, so its bits do not depend on what
ran before it (tested), and the import of torch, the larger part of the time, is paid once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from reprocheck.machine.worker_process import WorkerOptions, attempt_job, numeric_switches
from reprocheck.model.json_documents import Json
from reprocheck.model.operations import RunOperations
from reprocheck.model.records import RankStep, Run, RunPlan, TensorSpec
from reprocheck.model.sketches import Sketch, rounded_sketch
from reprocheck.numerics.drills import NO_STEP
from reprocheck.numerics.replayed_operations import TRACED, Lines, assemble_operations
from reprocheck.numerics.run_measurements import assemble_times, assemble_updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What the audited Python lacks for any run at all: torch, or the device."""

    what: str
    why: str
    how: str


SHORTAGES = {
    "no-torch": ("there is no torch in the audited Python", "give an interpreter that has torch by `--python`"),
    "no-device": ("there is no CUDA device", "run on a machine with a GPU, and a torch built for it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunOptions:
    """Where and how to run: interpreter, device, threads, the time allowed to each process, a drill's step.

    `replay` are the operations to replay on hashed inputs, by the name of their run, those that a trace shows where a
    run has none; None: neither trace nor replay. With `times` each run is trained once more, against the clock. With
    `sketch` each gradient is sketched. `world_size` is another number of ranks than that of the plans.
    """

    python: Path
    device: str
    threads: int
    deadline_s: float = 600.0
    drop_sync: int = NO_STEP
    replay: Mapping[str, Sequence[str]] | None = None
    times: bool = False
    sketch: bool = False
    world_size: int | None = None


def perform_runs(
    plans: Sequence[RunPlan], options: RerunOptions, tell: Callable[[str], None]
) -> tuple[Run, ...] | Shortage:
    """Run `plans`, world size by world size, and return their runs in the same order.

    Raises:
        UndecidedError: the worker crashed or did not end in time.
    """
    done: dict[RunPlan, Run] = {}
    for group in _groups(plans, options):
        tell(f"running {', '.join(plan.name for plan in group)}")
        outcome = assemble_runs(group, _told("train", group, options))
        if isinstance(outcome, Shortage):
            return outcome
        done.update(zip(group, outcome, strict=True))
    return tuple(done[plan] for plan in plans)


def perform_varied(
    pairs: Sequence[tuple[RunPlan, Mapping[str, Json]]], options: RerunOptions
) -> tuple[Run, ...] | Shortage:
    """Run plans of one world size in one process, each with changes of what the worker is told, sketched, not marked.

    Raises:
        UndecidedError: the worker crashed or did not end in time.
    """
    plans = [plan for plan, _ in pairs]
    job = train_job(plans, replace(options, replay=None, times=False, sketch=True))
    runs = [
        {**run, **changes, "marks": False}
        for run, (_, changes) in zip(cast("Sequence[Mapping[str, Json]]", job["runs"]), pairs, strict=True)
    ]
    worker = WorkerOptions(
        switches=numeric_switches(options.threads), deadline_s=options.deadline_s, ranks=plans[0].world_size
    )
    outcome = attempt_job(options.python, {**job, "runs": runs}, worker)
    if outcome.fault:
        raise outcome.fault
    return assemble_runs(plans, outcome.lines)


def replay_runs(
    plans: Sequence[RunPlan], options: RerunOptions, tell: Callable[[str], None]
) -> tuple[RunOperations | None, ...] | Shortage:
    """Trace the first steps of `plans` and replay operations, without training; return what was seen, in order.

    Raises:
        UndecidedError: the worker crashed or did not end in time.
    """
    done: dict[RunPlan, RunOperations | None] = {}
    for group in _groups(plans, options):
        tell(f"replaying the operations of {', '.join(plan.name for plan in group)}")
        lines = _told("replay", group, options)
        if shortage := _shortage(lines):
            return shortage
        done.update((plan, assemble_operations(lines, index)) for index, plan in enumerate(group))
    return tuple(done[plan] for plan in plans)


def _groups(plans: Sequence[RunPlan], options: RerunOptions) -> Sequence[Sequence[RunPlan]]:
    sizes = sorted({_ranks(plan, options) for plan in plans})
    return [[plan for plan in plans if _ranks(plan, options) == size] for size in sizes]


def _ranks(plan: RunPlan, options: RerunOptions) -> int:
    return options.world_size or plan.world_size


def _told(job: str, plans: Sequence[RunPlan], options: RerunOptions) -> Lines:
    """Return what the worker told; one that died over the operations has told the runs before."""
    worker = WorkerOptions(
        switches=numeric_switches(options.threads), deadline_s=options.deadline_s, ranks=_ranks(plans[0], options)
    )
    outcome = attempt_job(options.python, {**train_job(plans, options), "job": job}, worker)
    if outcome.fault and not (job == "train" and options.replay is not None and _are_whole(plans, outcome.lines)):
        raise outcome.fault
    return outcome.lines


def _are_whole(plans: Sequence[RunPlan], lines: Lines) -> bool:
    """Return whether every rank told the last step of every run, or that it cannot be done."""
    ended = [
        line.get("run")
        for line in lines
        if line["kind"] == "unsupported"
        or (line["kind"] == "step" and line["step"] == plans[cast("int", line["run"])].step_count - 1)
    ]
    return all(ended.count(index) == plan.world_size for index, plan in enumerate(plans))


def train_job(plans: Sequence[RunPlan], options: RerunOptions) -> Mapping[str, Json]:
    """Return the job for the worker that trains `plans` in one process, and replays operations if asked to."""
    return {
        **_replay(plans, options),
        "job": "train",
        "device": options.device,
        "threads": options.threads,
        "runs": [
            {
                "workload": plan.workload,
                "dtype": plan.dtype,
                "seed": plan.seed,
                "steps": plan.step_count,
                "learning_rate": plan.learning_rate,
                "first_scale": plan.first_scale,
                "drop_sync": options.drop_sync,
                **({"times": True} if options.times else {}),
                **({"sketch": True} if options.sketch else {}),
                **({"recorded_ranks": plan.world_size} if options.world_size else {}),
            }
            for plan in plans
        ],
    }


def _replay(plans: Sequence[RunPlan], options: RerunOptions) -> Mapping[str, Json]:
    if options.replay is None:
        return {}
    texts = dict.fromkeys(text for plan in plans for text in options.replay.get(plan.name, ()))
    return {"replay": tuple(texts) or TRACED}


def assemble_runs(plans: Sequence[RunPlan], lines: Lines) -> tuple[Run, ...] | Shortage:
    """Return the runs that the worker's `lines` tell of, or what was missing for all of them."""
    if shortage := _shortage(lines):
        return shortage
    in_force = {key: value for key, value in lines[0].items() if key != "kind"}
    runs = [
        _assemble(plan, in_force, [line for line in lines if line.get("run") == index])
        for index, plan in enumerate(plans)
    ]
    return tuple(replace(run, operations=assemble_operations(lines, index)) for index, run in enumerate(runs))


def _shortage(lines: Lines) -> Shortage | None:
    kind = str(lines[0]["kind"])
    if kind not in SHORTAGES:
        return None
    what, how = SHORTAGES[kind]
    return Shortage(what=what, why=str(lines[0]["reason"]), how=how)


def _assemble(plan: RunPlan, in_force: Mapping[str, Json], lines: Lines) -> Run:
    unsupported = [str(line["reason"]) for line in lines if line["kind"] == "unsupported"]
    if unsupported:
        return Run(plan=plan, in_force=in_force, unsupported=unsupported[0])
    starts = [line for line in lines if line["kind"] == "start"]
    steps = [[line for line in lines if line["kind"] == "step" and line["step"] == n] for n in range(plan.step_count)]
    return Run(
        plan=plan,
        in_force=in_force,
        tensors=tuple(_tensor(spec) for spec in cast("Sequence[Mapping[str, Json]]", starts[0]["tensors"])),
        initial=tuple(_marks(start["parameters"]) for start in starts),
        steps=tuple(tuple(_rank_step(line, plan.dtype) for line in step) for step in steps),
        updates=assemble_updates(lines),
        times=assemble_times(lines),
    )


def _tensor(spec: Mapping[str, Json]) -> TensorSpec:
    shape = cast("Sequence[int]", spec["shape"])
    return TensorSpec(name=str(spec["name"]), dtype=str(spec["dtype"]), shape=tuple(shape))


def _rank_step(line: Mapping[str, Json], dtype: str) -> RankStep:
    return RankStep(
        data=str(line["data"]),
        loss=str(line["loss"]),
        loss_scale=str(line["loss_scale"]),
        gradients=_marks(line["gradients"]),
        gradient_norm=str(line["gradient_norm"]),
        learning_rate=str(line["learning_rate"]),
        skipped=bool(line["skipped"]),
        parameters=_marks(line["parameters"]),
        sketches=_sketches(line.get("sketch", ()), dtype),
    )


def _sketches(sketches: Json, dtype: str) -> tuple[Sketch, ...]:
    lines = cast("Sequence[Sequence[str]]", sketches)
    return tuple(rounded_sketch(tuple(map(float.fromhex, one)), dtype) for one in lines)


def _marks(marks: Json) -> tuple[str, ...]:
    return tuple(cast("Sequence[str]", marks))

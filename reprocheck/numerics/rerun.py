"""Perform reference runs in the audited Python, and put what the ranks told back together.

All runs of one world size share a process: a run builds everything anew, so its bits do not depend on what
ran before it (tested), and the import of torch, the larger part of the time, is paid once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reprocheck.machine.worker_process import WorkerOptions, numeric_switches, run_job
from reprocheck.model.json_documents import Json
from reprocheck.model.records import RankStep, Run, RunPlan, TensorSpec
from reprocheck.numerics.drills import NO_STEP

Lines = Sequence[Mapping[str, Json]]


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
    """Where and how to run: interpreter, device, threads, the time allowed to each process, a drill's step."""

    python: Path
    device: str
    threads: int
    deadline_s: float = 600.0
    drop_sync: int = NO_STEP


def perform_runs(
    plans: Sequence[RunPlan], options: RerunOptions, tell: Callable[[str], None]
) -> tuple[Run, ...] | Shortage:
    """Run `plans`, world size by world size, and return their runs in the same order.

    Raises:
        UndecidedError: the worker crashed or did not end in time.
    """
    done: dict[RunPlan, Run] = {}
    for world_size in sorted({plan.world_size for plan in plans}):
        group = [plan for plan in plans if plan.world_size == world_size]
        tell(f"running {', '.join(plan.name for plan in group)}")
        outcome = assemble_runs(group, _told(group, options))
        if isinstance(outcome, Shortage):
            return outcome
        done.update(zip(group, outcome, strict=True))
    return tuple(done[plan] for plan in plans)


def _told(plans: Sequence[RunPlan], options: RerunOptions) -> Lines:
    worker = WorkerOptions(
        switches=numeric_switches(options.threads), deadline_s=options.deadline_s, ranks=plans[0].world_size
    )
    return run_job(options.python, train_job(plans, options), worker)


def train_job(plans: Sequence[RunPlan], options: RerunOptions) -> Mapping[str, Json]:
    """Return the job for the worker that trains `plans` in one process."""
    return {
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
            }
            for plan in plans
        ],
    }


def assemble_runs(plans: Sequence[RunPlan], lines: Lines) -> tuple[Run, ...] | Shortage:
    """Return the runs that the worker's `lines` tell of, or what was missing for all of them."""
    first = lines[0]
    if str(first["kind"]) in SHORTAGES:
        what, how = SHORTAGES[str(first["kind"])]
        return Shortage(what=what, why=str(first["reason"]), how=how)
    in_force = {key: value for key, value in first.items() if key != "kind"}
    return tuple(
        _assemble(plan, in_force, [line for line in lines if line.get("run") == index])
        for index, plan in enumerate(plans)
    )


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
        steps=tuple(tuple(_rank_step(line) for line in step) for step in steps),
    )


def _tensor(spec: Mapping[str, Json]) -> TensorSpec:
    shape = cast("Sequence[int]", spec["shape"])
    return TensorSpec(name=str(spec["name"]), dtype=str(spec["dtype"]), shape=tuple(shape))


def _rank_step(line: Mapping[str, Json]) -> RankStep:
    return RankStep(
        data=str(line["data"]),
        loss=str(line["loss"]),
        loss_scale=str(line["loss_scale"]),
        gradients=_marks(line["gradients"]),
        gradient_norm=str(line["gradient_norm"]),
        learning_rate=str(line["learning_rate"]),
        skipped=bool(line["skipped"]),
        parameters=_marks(line["parameters"]),
    )


def _marks(marks: Json) -> tuple[str, ...]:
    return tuple(cast("Sequence[str]", marks))

"""Perform reference runs in the audited Python, and put what the ranks told back together.

All runs of one world size share a process: a run seeds, builds and warms up anew, so its bits do not depend
on what ran before it (tested), and the import of torch, the larger part of the time, is paid once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reprocheck.errors import UndecidedError
from reprocheck.machine.worker_process import WorkerOptions, numeric_switches, run_job
from reprocheck.model.json_documents import Json
from reprocheck.model.records import RankStep, Run, RunPlan, TensorSpec
from reprocheck.numerics.drills import NO_STEP

Lines = Sequence[Mapping[str, Json]]
JobRunner = Callable[[Mapping[str, Json], int], Lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunOptions:
    """Where and how to run: interpreter, device, threads, the time allowed to each process, a drill's step."""

    python: Path
    device: str
    threads: int
    deadline_s: float = 600.0
    drop_sync: int = NO_STEP


def perform_runs(
    plans: Sequence[RunPlan], options: RerunOptions, tell: Callable[[str], None] = lambda _: None
) -> tuple[Run, ...]:
    """Run `plans`, world size by world size, and return their runs in the same order.

    Raises:
        UndecidedError: torch or the device is missing, or the worker failed.
    """
    done: dict[RunPlan, Run] = {}
    for world_size in sorted({plan.world_size for plan in plans}):
        group = [plan for plan in plans if plan.world_size == world_size]
        tell(f"running {', '.join(plan.name for plan in group)}")
        done.update(zip(group, _perform_group(group, options), strict=True))
    return tuple(done[plan] for plan in plans)


def _perform_group(plans: Sequence[RunPlan], options: RerunOptions) -> tuple[Run, ...]:
    worker = WorkerOptions(
        switches=numeric_switches(options.threads), deadline_s=options.deadline_s, ranks=plans[0].world_size
    )
    lines = run_job(options.python, train_job(plans, options), worker)
    return assemble_runs(plans, lines, where=str(options.python))


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


def assemble_runs(plans: Sequence[RunPlan], lines: Lines, *, where: str) -> tuple[Run, ...]:
    """Return the runs that the worker's `lines` tell of.

    Raises:
        UndecidedError: the worker found no torch or no device.
    """
    _refuse_shortage(lines, where)
    in_force = {key: value for key, value in lines[0].items() if key != "kind"}
    return tuple(
        _assemble(plan, in_force, [line for line in lines if line.get("run") == index])
        for index, plan in enumerate(plans)
    )


def _refuse_shortage(lines: Lines, where: str) -> None:
    shortage = next((line for line in lines if line["kind"] in ("no-torch", "no-device")), None)
    if shortage is None:
        return
    no_torch = shortage["kind"] == "no-torch"
    raise UndecidedError(
        "there is no torch in the audited Python" if no_torch else "there is no CUDA device",
        where=where,
        why=str(shortage["reason"]),
        how="give an interpreter that has torch by `--python`" if no_torch else "run on a machine with a GPU",
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

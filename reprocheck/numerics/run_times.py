"""What mixed precision and more ranks bring: step times and memory of runs, beside those of fp32 and of one rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reprocheck.model.records import Run, RunPlan
from reprocheck.model.run_times import RunTimes
from reprocheck.numerics.runs import twin_of

NS_PER_MS = 1e6
BYTES_PER_MB = 1e6


def time_lines(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return one line for each run that was timed."""
    times = {run.plan: run.times for run in runs if run.times}
    return tuple(_line(plan, own, times) for plan, own in times.items())


def _line(plan: RunPlan, own: RunTimes, times: Mapping[RunPlan, RunTimes]) -> str:
    rank = " a rank" if plan.world_size > 1 else ""
    parts = [f"{own.step_ns / NS_PER_MS:.1f} ms a step, {own.peak_bytes / BYTES_PER_MB:.2f} MB {own.memory}{rank}"]
    twin = twin_of(plan)
    if twin and (other := times.get(twin)):
        memory = f"{own.peak_bytes / other.peak_bytes:.2f} of its memory" if other.peak_bytes else "no memory"
        parts.append(f"{other.step_ns / own.step_ns:.2f} times the speed of fp32 with {memory}")
    if plan.world_size > 1 and (other := times.get(replace(plan, world_size=1))):
        parts.append(f"{other.step_ns / own.step_ns:.2f} times the speed of one rank")
    return f"{plan.name}: {'; '.join(parts)}"

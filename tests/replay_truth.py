"""Hold the prediction of operation replay against the truth: whole runs under settings that may change bits.

    python tests/replay_truth.py [STEPS] [SETTING …]        (default 200 steps, all settings; minutes)

The record is made with one thread and nothing set. Under each setting the operations are replayed in a process of
their own, then the runs are trained in another. Exit code 1 when a run was promised to be identical and was
not, or when more than one in forty of those not left open was wrong. Not collected by pytest: it measures this machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reprocheck.machine.worker_process import WorkerOptions, numeric_switches, run_job
from reprocheck.model.json_documents import Json
from reprocheck.model.operations import labels_of
from reprocheck.model.predictions import RunPrediction
from reprocheck.model.records import Run, RunPlan
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.prediction import predict
from reprocheck.numerics.replayed_operations import Lines, assemble_operations, own_operations
from reprocheck.numerics.rerun import RerunOptions, Shortage, assemble_runs, train_job
from reprocheck.numerics.runs import plan_runs

WORKLOADS = ("transformer:fp32", "transformer:bf16", "transformer:fp16", "convnet:fp32", "convnet:bf16")
ALLOWED_PER_WRONG = 40
FIRST_STEPS = 12  # most settings that change anything do so at once; only runs that are equal so far are trained whole


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One platform: environment variables, threads, and switches that are set in process."""

    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    apply: Mapping[str, Json] = field(default_factory=dict)


SETTINGS: Mapping[str, Setting] = {
    "rerun 1": Setting(),
    "rerun 2": Setting(),
    "rerun 3": Setting(),
    "threads 2": Setting(threads=2),
    "threads 4": Setting(threads=4, environment={"MKL_DYNAMIC": "FALSE"}),
    "ATen avx2": Setting(environment={"ATEN_CPU_CAPABILITY": "avx2"}),
    "ATen default": Setting(environment={"ATEN_CPU_CAPABILITY": "default"}),
    "MKL_CBWR AVX2": Setting(environment={"MKL_CBWR": "AVX2"}),
    "MKL_CBWR COMPATIBLE": Setting(environment={"MKL_CBWR": "COMPATIBLE"}),
    "MKL_CBWR AVX512,STRICT": Setting(environment={"MKL_CBWR": "AVX512,STRICT"}),
    "MKL_INSTR SSE4_2": Setting(environment={"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}),
    "MKL_INSTR AVX2": Setting(environment={"MKL_ENABLE_INSTRUCTIONS": "AVX2"}),
    "oneDNN AVX512_CORE": Setting(environment={"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}),
    "oneDNN AVX2": Setting(environment={"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    "oneDNN SSE41": Setting(environment={"ONEDNN_MAX_CPU_ISA": "SSE41"}),
    "oneDNN fpmath BF16": Setting(environment={"ONEDNN_DEFAULT_FPMATH_MODE": "BF16"}),
    "fp32 precision medium": Setting(apply={"float32-matmul-precision": "medium"}),
    "mkldnn off": Setting(apply={"mkldnn-enabled": False}),
    "flush denormal": Setting(apply={"flush-denormal": True}),
    "no flash attention": Setting(apply={"sdpa-flash": False}),
}


def options(setting: Setting, texts: Mapping[str, Sequence[str]] | None) -> RerunOptions:
    """Return the options of a rerun under `setting`."""
    return RerunOptions(python=Path(sys.executable), device="cpu", threads=setting.threads, replay=texts)


def told(job: str, plans: Sequence[RunPlan], setting: Setting, texts: Mapping[str, Sequence[str]] | None) -> Lines:
    """Return the lines of one process."""
    made = {**train_job(plans, options(setting, texts)), "job": job, "apply": setting.apply}
    switches = {**numeric_switches(setting.threads), **setting.environment}
    return run_job(Path(sys.executable), made, WorkerOptions(switches=switches, deadline_s=3600))


def recorded(plans: Sequence[RunPlan]) -> tuple[Run, ...]:
    """Return the runs as a record holds them."""
    runs = assemble_runs(plans, told("train", plans, Setting(), {}))
    assert not isinstance(runs, Shortage)
    return tuple(replace(run, operations=run.operations and own_operations(run.operations)) for run in runs)


def judged(runs: Sequence[Run], setting: Setting) -> list[tuple[RunPrediction, int | None]]:
    """Return for each run the prediction, and the step from which it truly differs."""
    plans = [run.plan for run in runs]
    texts = {run.plan.name: run.operations.traced for run in runs if run.operations}
    lines = told("replay", plans, setting, texts)
    predictions = predict(runs, [assemble_operations(lines, index) for index in range(len(runs))]).runs
    steps = parted([begun(run, FIRST_STEPS) for run in runs], setting)
    steps |= parted([run for run in runs if steps[run.plan.name] is None], setting)
    return [(prediction, steps[prediction.name]) for prediction in predictions]


def begun(run: Run, steps: int) -> Run:
    """Return the first steps of a run: no step knows how many will follow."""
    count = min(steps, run.plan.step_count)
    return replace(run, plan=replace(run.plan, step_count=count), steps=run.steps[:count])


def parted(runs: Sequence[Run], setting: Setting) -> dict[str, int | None]:
    """Train `runs` under `setting`, and return the step from which each differs."""
    if not runs:
        return {}
    plans = [run.plan for run in runs]
    truth = assemble_runs(plans, told("train", plans, setting, None))
    assert not isinstance(truth, Shortage)
    places = [first_divergence(left, right) for left, right in zip(runs, truth, strict=True)]
    return {plan.name: at.step if at else None for plan, at in zip(plans, places, strict=True)}


def verdict(prediction: RunPrediction, step: int | None) -> str:
    """Return `right`, `careful` (differs was said, it was identical), `open` (undecided), or `FALSE PROMISE`."""
    if prediction.outcome == "undecided":
        return "open"
    if prediction.outcome == "identical":
        return "right" if step is None else "FALSE PROMISE"
    return "careful" if step is None else "right"


def main() -> int:
    """Print the table and the count."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    runs = recorded(plan_runs(WORKLOADS, seed=0, steps=steps))
    counts: dict[str, int] = {}
    for name in sys.argv[2:] or SETTINGS:
        start_s = time.monotonic()
        for prediction, step in judged(runs, SETTINGS[name]):
            word = verdict(prediction, step)
            counts[word] = counts.get(word, 0) + 1
            truth = "identical" if step is None else f"differs from step {step}"
            why = ", ".join(labels_of(prediction.operations)) or "; ".join(prediction.doubts)
            print(f"{name:<24}{prediction.name:<18}{truth:<24}{prediction.outcome:<11}{word:<15}{why}", flush=True)
        print(f"{'':<24}({time.monotonic() - start_s:.0f} s)", flush=True)
    total = sum(counts.values())
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())), f"of {total}")
    decided = total - counts.get("open", 0)
    return 1 if "FALSE PROMISE" in counts or counts.get("careful", 0) * ALLOWED_PER_WRONG > decided else 0


if __name__ == "__main__":
    sys.exit(main())

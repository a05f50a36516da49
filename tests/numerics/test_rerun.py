from __future__ import annotations

from pathlib import Path

from reprocheck.model.json_documents import Json
from reprocheck.model.records import RunPlan
from reprocheck.numerics.rerun import RerunOptions, Shortage, assemble_runs, train_job

SETTINGS: dict[str, Json] = {"kind": "settings", "threads": 1, "torch": "2.13.0"}


def step(run: int, rank: int, number: int) -> dict[str, Json]:
    return {
        "kind": "step",
        "run": run,
        "rank": rank,
        "step": number,
        "data": f"data {run} {rank} {number}",
        "loss": "0x1.0000000000000p+0",
        "loss_scale": "0x1.0000000000000p+0",
        "gradients": ["g"],
        "gradient_norm": "inf",
        "learning_rate": "0x1.0000000000000p-8",
        "skipped": False,
        "parameters": ["p"],
    }


def start(run: int, rank: int) -> dict[str, Json]:
    tensors: list[Json] = [{"name": "w", "dtype": "torch.float32", "shape": [2, 3]}]
    return {"kind": "start", "run": run, "rank": rank, "tensors": tensors, "parameters": [f"p{rank}"]}


def test_lines_of_two_ranks_become_one_run(plan: RunPlan) -> None:
    ranks = [[SETTINGS, start(0, rank), step(0, rank, 0), step(0, rank, 1)] for rank in (0, 1)]
    outcome = assemble_runs([plan], [*ranks[0], *ranks[1]])
    assert not isinstance(outcome, Shortage)
    (run,) = outcome
    assert run.in_force == {"threads": 1, "torch": "2.13.0"}
    assert run.initial == (("p0",), ("p1",))
    assert [[rank.data for rank in ranks] for ranks in run.steps] == [
        ["data 0 0 0", "data 0 1 0"],
        ["data 0 0 1", "data 0 1 1"],
    ]
    assert run.tensors[0].shape == (2, 3)


def test_a_run_that_was_broken_off_as_unsupported_keeps_the_reason_only(plan: RunPlan) -> None:
    lines: list[dict[str, Json]] = [
        SETTINGS,
        start(0, 0),
        {"kind": "unsupported", "run": 0, "rank": 0, "reason": "no GradScaler"},
    ]
    outcome = assemble_runs([plan], lines)
    assert not isinstance(outcome, Shortage)
    assert (outcome[0].unsupported, outcome[0].steps) == ("no GradScaler", ())


def test_a_missing_torch_is_a_shortage(plan: RunPlan) -> None:
    outcome = assemble_runs([plan], [{"kind": "no-torch", "reason": "No module named 'torch'"}])
    assert outcome == Shortage(
        what="there is no torch in the audited Python",
        why="No module named 'torch'",
        how="give an interpreter that has torch by `--python`",
    )


def test_a_missing_device_is_a_shortage(plan: RunPlan) -> None:
    outcome = assemble_runs([plan], [{"kind": "no-device", "reason": "torch 2.13.0+cpu sees no CUDA device"}])
    assert isinstance(outcome, Shortage)
    assert outcome.what == "there is no CUDA device"


def test_the_job_carries_everything_that_the_worker_needs(plan: RunPlan) -> None:
    job = train_job([plan], RerunOptions(python=Path("python"), device="cpu", threads=3, drop_sync=1))
    assert job == {
        "job": "train",
        "device": "cpu",
        "threads": 3,
        "runs": [
            {
                "workload": "transformer",
                "dtype": "fp32",
                "seed": 0,
                "steps": 2,
                "learning_rate": "0x1.0000000000000p-8",
                "first_scale": "0x1.0000000000000p+20",
                "drop_sync": 1,
            }
        ],
    }

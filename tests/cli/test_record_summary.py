from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.cli.record_summary import summary_of_command, summary_of_workloads
from reprocheck.model.envelopes import Envelope, SeenFault
from reprocheck.model.records import NO_MARK, RankStep, Record, Run, TensorSpec
from reprocheck.model.run_times import RunTimes
from reprocheck.model.step_notes import WatchedProgram
from reprocheck.numerics.runs import command_plan, plan_runs

FAULTS = (
    SeenFault(name="learning rate +1 %", ratio="34648", step=1),
    SeenFault(name="lowest mantissa bit of a weight flipped", ratio="0.96", step=None),
)
STEP = RankStep(
    data="0" * 16,
    loss="0x1.0000000000000p+0",
    loss_scale="0x1.0000000000000p+0",
    gradients=(NO_MARK,),
    gradient_norm="0x1.0000000000000p+0",
    learning_rate="0x0.0p+0",
    skipped=False,
    parameters=(NO_MARK,),
)
TENSORS = (TensorSpec(name="weight", dtype="torch.float32", shape=(1,)),)


def run(name: str, **fields: object) -> Run:
    (plan,) = plan_runs((name,), seed=0, steps=1)
    whole = Run(plan=plan, in_force={}, tensors=TENSORS, initial=((NO_MARK,),), steps=((STEP,),))
    return replace(whole, **fields)  # type: ignore[arg-type]


def record(*runs: Run) -> Record:
    return Record(fingerprint={}, lock={}, device="cpu", threads=1, runs=runs)


def test_a_single_run_is_told_in_three_lines() -> None:
    assert summary_of_workloads(record(run("convnet:fp32")), Path("a/r.json")).splitlines() == [
        "recorded 1 run on cpu, 1 thread a rank, in a/r.json",
        "  convnet:fp32: 1 step, 0 skipped",
        "next: reprocheck verify a/r.json",
    ]


def test_what_envelopes_tell_is_a_table_and_times_follow() -> None:
    seen = Envelope(members=8, grades=(), held_out=("1.00",) * 8, faults=FAULTS)
    bare = Envelope(members=8, grades=(), held_out=("1.00",) * 8)
    times = RunTimes(step_ns=2_000_000, peak_bytes=3_000_000, memory="held")
    made = record(
        run("convnet:fp32", envelope=seen, times=times),
        run("transformer:fp32:2", envelope=bare),
        run("convnet:fp16", steps=(), unsupported="no GradScaler"),
    )
    assert summary_of_workloads(replace(made, threads=2), Path("r.json")).splitlines() == [
        "recorded 2 runs on cpu, 2 threads a rank, in r.json",
        "  convnet:fp32: 1 step, 0 skipped",
        "  transformer:fp32:2: 1 step, 0 skipped",
        "  convnet:fp16: unsupported here: no GradScaler",
        "what honest and faulty reruns elsewhere would show:",
        "                      false alarms  lr +1%  bit 0",
        "  convnet:fp32        0 of 8        step 1  -",
        "  transformer:fp32:2  0 of 8",
        "  lr: another learning rate; bit N: that mantissa bit of one weight flipped; -: not seen",
        "times of this machine, part of no verdict:",
        "  convnet:fp32: 2.0 ms a step, 3.00 MB held",
        "next: reprocheck verify r.json",
    ]


@pytest.mark.parametrize("norm", ["nan", "inf"])
def test_a_training_that_is_no_number_from_the_start_is_told(norm: str) -> None:
    program = WatchedProgram(script="train.py", modules=(), optimizers=("SGD",), ddp={}, switches={}, complete=True)
    steps = ((replace(STEP, gradient_norm=norm),),) * 2
    envelope = Envelope(members=2, grades=(), held_out=("1.00",) * 2)
    whole = run("convnet:fp32", plan=command_plan(1, 2), steps=steps, program=program, envelope=envelope)
    assert summary_of_command(record(whole), Path("r.json")).splitlines() == [
        "recorded train.py on cpu: 2 steps, 0 skipped, gradients nan or infinite from step 0, in r.json",
        "what honest and faulty reruns elsewhere would show:",
        "            false alarms",
        "  train.py  0 of 2",
        "next: reprocheck verify r.json -- …",
    ]

from __future__ import annotations

from dataclasses import replace

from reprocheck.model.json_documents import Json
from reprocheck.model.records import Run
from reprocheck.model.run_times import RunTimes
from reprocheck.numerics.run_measurements import assemble_times, assemble_updates
from reprocheck.numerics.run_times import time_lines
from reprocheck.numerics.runs import plan_runs


def timed(run: Run, name: str, step_ns: int, peak_bytes: int) -> Run:
    times = RunTimes(step_ns=step_ns, peak_bytes=peak_bytes, memory="held")
    return replace(run, plan=plan_runs([name], seed=0, steps=2)[0], times=times)


def test_mixed_precision_stands_beside_fp32_and_ranks_beside_one(run: Run) -> None:
    runs = [
        timed(run, "transformer:fp32", 10_000_000, 4_000_000),
        timed(run, "transformer:bf16", 8_000_000, 3_000_000),
        timed(run, "transformer:bf16:2", 5_000_000, 2_500_000),
        replace(run, times=None),
    ]
    assert time_lines(runs) == (
        "transformer:fp32: 10.0 ms a step, 4.00 MB held",
        "transformer:bf16: 8.0 ms a step, 3.00 MB held; 1.25 times the speed of fp32 with 0.75 of its memory",
        "transformer:bf16:2: 5.0 ms a step, 2.50 MB held a rank; 1.60 times the speed of one rank",
    )


def test_a_twin_that_holds_nothing_divides_by_nothing(run: Run) -> None:
    runs = [timed(run, "convnet:fp32", 1_000_000, 0), timed(run, "convnet:fp16", 1_000_000, 0)]
    assert time_lines(runs)[1] == (
        "convnet:fp16: 1.0 ms a step, 0.00 MB held; 1.00 times the speed of fp32 with no memory"
    )


def test_runs_without_times_have_no_lines(run: Run) -> None:
    assert time_lines([run]) == ()


def line(rank: int, steps_ns: list[Json], peak_bytes: int) -> dict[str, Json]:
    return {"kind": "timed", "rank": rank, "steps_ns": steps_ns, "peak_bytes": peak_bytes, "memory": "allocated"}


def test_the_slowest_rank_and_the_largest_peak_count_and_the_first_steps_do_not() -> None:
    lines: list[dict[str, Json]] = [
        {"kind": "step"},
        line(0, [900, 800, 10, 30, 20], 7),
        line(1, [900, 800, 5, 6, 7], 9),
    ]
    assert assemble_times(lines) == RunTimes(step_ns=20, peak_bytes=9, memory="allocated")


def test_of_few_steps_all_count_and_of_none_there_is_no_time() -> None:
    assert assemble_times([line(0, [30, 10], 7)]) == RunTimes(step_ns=10, peak_bytes=7, memory="allocated")
    assert assemble_times([line(0, [], 7)]) is None
    assert assemble_times([{"kind": "step"}]) is None


def test_updates_are_gathered_from_the_steps_that_tell_them() -> None:
    told: dict[str, Json] = {"group": 1, "optimizer": "Adam", "before": "3f800000.40000000", "gradient": "0.1"}
    lines: list[dict[str, Json]] = [
        {"kind": "step", "step": 0, "updates": [{**told, "after": "3f7fff00.40000001"}]},
        {"kind": "step", "step": 1},
    ]
    updates = assemble_updates(lines)
    assert updates
    assert (updates.before, updates.gradient) == ((0x3F800000, 0x40000000), (0, 1))
    (sample,) = updates.samples
    assert (sample.step, sample.group, sample.optimizer) == (0, 1, "Adam")
    assert sample.after == (0x3F7FFF00, 0x40000001)
    assert assemble_updates(lines[1:]) is None

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reprocheck.model.records import NO_MARK
from reprocheck.numerics.watched_runs import WatchCommand, watch, watch_job
from tests.numerics.watched_shapes import COMMAND, ONE, assembled, end, mark, run_of, start, step, tensors, two_ranks


def lines(rank: int = 0, world_size: int = 1, steps: int = 2) -> list[dict[str, Any]]:
    return [start(rank, world_size), *(step(number) for number in range(steps)), end(steps)]


def fault(*processes: list[dict[str, Any]], status: str = "ok", **command: Any) -> list[str]:
    watched = assembled(*processes, status=status, **command)
    assert watched.fault is not None
    return watched.fault.lines()


def test_two_ranks_become_one_run() -> None:
    run = two_ranks()
    assert (run.plan.name, run.plan.step_count, len(run.steps), len(run.initial)) == ("command:own:2", 2, 2, 2)
    assert [[rank.data for rank in ranks] for ranks in run.steps] == [["0" * 16, "1" * 16], ["d" * 16, "d" * 16]]
    assert run.in_force == {
        "device": "cpu",
        "torch": "2.13.0",
        "threads": 2,
        "deterministic_algorithms": False,
        "cudnn_benchmark": False,
        "compiled": False,
    }
    assert run.program is not None
    assert (run.program.script, run.program.optimizers, run.program.complete) == ("train.py", ("AdamW",), True)
    assert run.program.modules == (("", "Net()"), ("last", "Linear(2, 1)"))
    assert run.program.ddp == {"bucket_cap_mb": "25"}


def test_ranks_are_put_in_order_whatever_the_order_of_their_files() -> None:
    run = run_of([start(1, 2), step(0, data="b"), end(1)], [start(0, 2), step(0, data="a"), end(1)])
    assert [rank.data for rank in run.steps[0]] == ["a", "b"]


OTHER = start(
    optimizer=1, type="SGD", tensors=tensors(("critic.weight", [1], "parameter")), parameters=[mark("9", "0")]
)


def test_a_step_of_one_optimizer_has_nothing_of_the_tensors_of_another() -> None:
    second = step(1, optimizer=1, gradients=[mark("7")], parameters=[mark("8")])
    run = run_of([start(), step(0), OTHER, second, step(2), end(3)])
    assert [tensor.name for tensor in run.tensors] == ["first.weight", "last.bias", "count", "critic.weight"]
    assert run.initial == ((mark("a", "3f800000.0"), mark("b", "0"), mark("c", "1"), mark("9", "0")),)
    assert run.steps[1][0].gradients == (NO_MARK, NO_MARK, NO_MARK, mark("7"))
    assert run.steps[0][0].parameters == (mark("3"), mark("4"), mark("5"), NO_MARK)
    assert [step[0].notes.optimizer for step in run.steps if step[0].notes] == [0, 1, 0]
    assert run.program is not None
    assert run.program.optimizers == ("AdamW", "SGD")


def test_an_optimizer_made_anew_has_the_tensors_and_the_first_marks_of_the_one_before_it() -> None:
    run = run_of(
        [start(), step(0), start(optimizer=1, parameters=[mark("f"), mark("f"), mark("f")]), step(1, 1), end(2)]
    )
    assert len(run.tensors) == 3
    assert run.initial[0][0] == mark("a", "3f800000.0")


def test_two_tensors_of_one_name_stay_two() -> None:
    twice = start(tensors=tensors(*[("w", [1], "parameter")] * 3))
    assert len(run_of([twice, step(0), end(1)]).tensors) == 3


def test_a_rank_that_has_other_tensors_gets_marks_for_its_own_only() -> None:
    other = start(1, 2, tensors=tensors(("stage2.weight", [1], "parameter")), parameters=[mark("9", "0")])
    taken = step(0, gradients=[mark("7")], parameters=[mark("8")], sketch=[[ONE]])
    run = run_of([start(0, 2), step(0), end(1)], [other, taken, end(1)])
    assert run.initial[1] == (NO_MARK, NO_MARK, NO_MARK, mark("9", "0"))
    assert run.steps[0][1].parameters == (NO_MARK, NO_MARK, NO_MARK, mark("8"))
    assert run.steps[0][1].sketches == ((), (), (), (1.0,))


def test_the_python_that_the_first_rank_names_is_told() -> None:
    python = assembled(lines()).python
    assert python is not None
    assert python.as_posix() == "/env/bin/python"


def test_a_run_that_was_to_go_no_further_is_not_complete_and_no_fault() -> None:
    watched = assembled(lines(), status="exit-1", until=1)
    assert watched.fault is None
    assert watched.run is not None
    assert watched.run.program is not None
    assert not watched.run.program.complete


def test_a_run_that_ended_before_it_was_ended_is_complete() -> None:
    watched = assembled(lines(), until=5)
    assert watched.fault is None
    assert watched.run is not None
    assert watched.run.program is not None
    assert watched.run.program.complete


@pytest.mark.parametrize("last", [[], [end(3)]])
def test_a_training_whose_end_was_not_seen_is_told(last: list[dict[str, Any]]) -> None:
    assert fault([*lines()[:-1], *last]) == [
        "error: the end of the training was not seen behind step 1",
        "  where: train.py",
        "  why:   its process was killed or put another in its place, or there was no room left for temporary files",
        "  how:   let it end by itself, or record its first steps with `--steps N`",
    ]


def test_nothing_seen_is_told_with_what_was_expected() -> None:
    assert fault() == [
        "error: no optimizer step was seen",
        "  where: train.py",
        "  why:   expected a Python that loads torch and calls `step` of an optimizer of `torch.optim`",
        "  how:   give the command that trains; it must hand on `PYTHONPATH`, as some wrappers do not",
    ]


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_a_python_that_hears_nothing_is_told_by_its_option(option: str) -> None:
    assert fault(words=("python", "-B", option, "train.py")) == [
        "error: nothing was seen of the command",
        "  where: the command after `--`",
        f"  why:   its Python is told by `{option}` to take no notice of what reprocheck puts before it",
        f"  how:   leave out `{option}`",
    ]


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("exit-1", "the command ended with exit code 1"),
        ("exit-255", "the command ended with exit code 255"),
        ("exit-139", "the command ended with signal 11"),
        ("timeout", "the command did not end within 5 s"),
    ],
)
def test_an_end_before_the_first_step_is_told(status: str, what: str) -> None:
    assert fault(status=status, timeout_s=5.0)[0] == f"error: {what} before its first optimizer step"


def test_a_crash_names_its_exit_status_and_the_last_step() -> None:
    assert fault(lines()[:-1], status="exit-1") == [
        "error: the command ended with exit code 1; the last optimizer step was step 1",
        "  where: train.py",
        "  why:   expected it to end by itself with exit code 0",
        "  how:   see what it printed, or start it without reprocheck",
    ]


def test_a_crash_keeps_the_steps_that_all_ranks_told() -> None:
    watched = assembled(lines(0, 2, 3), lines(1, 2, 2), status="exit-1")
    assert watched.run is not None
    assert len(watched.run.steps) == 2
    assert watched.fault is not None
    assert watched.fault.what == "the command ended with exit code 1; the last optimizer step was step 2"


def test_a_time_that_is_over_names_the_option() -> None:
    assert fault(lines(), status="timeout", timeout_s=5.0)[0::3] == [
        "error: the command did not end within 5 s; the last optimizer step was step 1",
        "  how:   give it more time by `--timeout`, or record its first steps by `--steps`",
    ]


def test_a_training_that_no_record_holds_names_the_option() -> None:
    assert fault(lines(), status="too-long") == [
        "error: the training tells more than a record holds: it was ended at step 1",
        "  where: train.py",
        "  why:   a record of up to 256 MiB is read",
        "  how:   record its first steps with `--steps N`",
    ]


def test_two_processes_of_one_rank_are_no_training() -> None:
    assert fault(lines(), lines()) == [
        "error: 2 processes trained as rank 0",
        "  where: train.py",
        "  why:   a record holds one training",
        "  how:   start them one by one, each with a record of its own",
    ]


def test_a_rank_that_is_missing_is_named() -> None:
    assert fault(lines(0, 2)) == [
        "error: rank 1 of 2 made no optimizer step here",
        "  where: train.py",
        "  why:   all ranks of a job are needed, and all of them on this machine",
        "  how:   start all ranks by one command on one machine",
    ]


def test_a_rank_that_died_before_its_first_step_is_the_end_of_the_command() -> None:
    assert fault(lines(0, 2), status="exit-1")[0] == (
        "error: the command ended with exit code 1; the last optimizer step was step 1"
    )


def test_ranks_of_two_jobs_are_no_training() -> None:
    assert fault(lines(0, 2), lines(1, 3))[0] == "error: the ranks do not agree on their number: 2 and 3"


def test_a_rank_that_ends_early_is_named() -> None:
    assert fault(lines(0, 2, 3), lines(1, 2, 2)) == [
        "error: the ranks made different numbers of optimizer steps: rank 1 2, others up to 3",
        "  where: train.py",
        "  why:   a record holds each step of each rank",
        "  how:   see that no rank ends early",
    ]


BROKEN: dict[str, Any] = {"kind": "fault", "where": "clip", "reason": "no room"}


def test_hooks_that_failed_are_told_with_their_reason() -> None:
    told = fault([*lines()[:-1], BROKEN])
    assert told[:3] == ["error: the watch of the command failed", "  where: train.py", "  why:   clip: no room"]
    assert fault([BROKEN]) == told


def test_the_job_says_how_closely_to_look() -> None:
    job = watch_job(WatchCommand(words=COMMAND.words, dense=(3,), until=3, perturb=2, twin=True, sketch=True))
    assert job == {"dense": (3,), "until": 3, "perturb": 2, "twin": True, "sketch": True}


PLAYED = """
import json, os
job = json.load(open(os.environ["REPROCHECK_WATCH"]))
assert (job["job"], job["until"], job["dense"][:3]) == ("watch", 7, [0, 1, 10])
open(os.path.join(job["answers"], "run-0-1.jsonl"), "w").write({lines!r})
open(os.path.join(job["answers"], "run-0-2.jsonl"), "w").write("")
"""


def test_a_command_is_run_and_what_its_hooks_told_becomes_a_run(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    text = "".join(json.dumps(line) + "\n" for line in lines())
    script.write_text(PLAYED.format(lines=text), encoding="utf-8")
    watched = watch(WatchCommand(words=(sys.executable, str(script)), until=7), lambda _: None)
    assert watched.fault is None
    assert watched.run == run_of(lines())

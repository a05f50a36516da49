"""What a run that broke off, or ran on other ranks, is worth: judged on runs made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import UndecidedError, UsageError
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Verdict
from reprocheck.numerics.judgement import Seen
from reprocheck.numerics.runs import plan_runs
from reprocheck.numerics.watched_runs import Watched
from reprocheck.workflows.record_kinds import refuse_command, require_command
from reprocheck.workflows.verify_command import judge_watched
from tests.numerics.watched_shapes import assembled, end, run_of, start, step, two_ranks

MISSING = {"status": "missing", "detail": "no `conda-lock.yml` beside the record"}
SEEN = Seen(fingerprint={}, lock=MISSING, runs=())


def record_of(run: Run) -> Record:
    return Record(fingerprint={}, lock=MISSING, device="cpu", threads=1, runs=(run,))


def lines(steps: int, **last: Any) -> list[dict[str, Any]]:
    taken = [step(number, **(last if number == steps - 1 else {})) for number in range(steps)]
    return [start(), *taken, end(steps)]


def verdict(recorded: Run, watched: Watched) -> Verdict:
    return judge_watched(record_of(recorded), SEEN, watched)


def told(found: Verdict) -> tuple[str, str]:
    return found.outcome, next(check.detail for check in found.checks if check.name == "train.py")


def test_the_same_steps_are_bitwise() -> None:
    assert told(verdict(run_of(lines(3)), assembled(lines(3)))) == ("bitwise", "3 steps bitwise")


def test_a_difference_is_told_with_its_step() -> None:
    found = verdict(run_of(lines(3)), assembled(lines(3, loss="0x1.8000000000000p+0")))
    assert told(found) == ("not-reproduced", "differs from step 2 on: forward")


def test_a_crash_behind_a_difference_is_a_difference() -> None:
    broken = assembled(lines(2, loss="0x1.8000000000000p+0")[:-1], status="exit-1")
    assert told(verdict(run_of(lines(3)), broken)) == ("not-reproduced", "differs from step 1 on: forward")


def test_a_crash_without_a_difference_leaves_it_open() -> None:
    assert told(verdict(run_of(lines(3)), assembled(lines(2)[:-1], status="exit-1"))) == (
        "undecided",
        "the command ended with exit code 1; the last optimizer step was step 1; the 2 steps before were as recorded",
    )


def test_a_crash_behind_all_recorded_steps_leaves_it_open() -> None:
    assert verdict(run_of(lines(2)), assembled(lines(3)[:-1], status="exit-1")).outcome == "undecided"


def test_a_crash_before_the_first_step_is_told() -> None:
    assert told(verdict(run_of(lines(2)), assembled(status="exit-1"))) == (
        "undecided",
        "the command ended with exit code 1 before its first optimizer step",
    )


def test_a_rerun_whose_end_was_not_seen_leaves_it_open() -> None:
    assert told(verdict(run_of(lines(3)), assembled(lines(2)[:-1]))) == (
        "undecided",
        "the end of the training was not seen behind step 1; the 2 steps before were as recorded",
    )


def test_a_run_that_was_recorded_in_part_is_held_against_that_part() -> None:
    part = assembled(lines(4), until=1).run
    assert part is not None
    assert told(verdict(replace(part, steps=part.steps[:2]), assembled(lines(2), until=1))) == (
        "bitwise",
        "2 steps bitwise",
    )


def test_a_training_that_takes_fewer_steps_is_not_reproduced() -> None:
    assert verdict(run_of(lines(3)), assembled(lines(2))).outcome == "not-reproduced"


@pytest.mark.parametrize("fault", [None, UndecidedError("the command ended with exit code 1")])
def test_another_number_of_ranks_leaves_it_open(fault: UndecidedError | None) -> None:
    found = verdict(two_ranks(), Watched(run=run_of(lines(2)), fault=fault))
    assert told(found) == ("undecided", "the record was made on 2 ranks, and this run on 1 rank")
    assert (found.causes[0].evidence, found.causes[0].fix) == (
        ("another number of ranks computes other numbers",),
        "start the command on 2 ranks, or record it anew",
    )


def test_nan_from_the_start_is_recorded_and_repeated_as_it_is() -> None:
    nan = [start(), step(0, loss="nan", losses=["nan"], gradient_norm="nan"), end(1)]
    assert verdict(run_of(nan), assembled(nan)).outcome == "bitwise"
    assert verdict(run_of(nan), assembled([start(), step(0, gradient_norm="nan"), end(1)])).outcome == "not-reproduced"


def refusal(call: Any, record: Record) -> list[str]:
    with pytest.raises(UsageError) as caught:
        call(record, Path("r.json"))
    return caught.value.lines()


def test_a_command_against_workloads_is_told_what_to_type() -> None:
    workloads = record_of(Run(plan=plan_runs(["convnet"], seed=0, steps=1)[0], in_force={}))
    assert refusal(require_command, workloads) == [
        "error: the record holds the built-in workloads, not a command",
        "  where: r.json",
        "  why:   it holds convnet:fp32",
        "  how:   type `reprocheck verify r.json`, or record the command: `reprocheck record -- COMMAND`",
    ]
    refuse_command(workloads, Path("r.json"))


@pytest.mark.parametrize(
    ("run", "script", "command"),
    [
        (run_of(lines(1)), "train.py", "python train.py …"),
        (two_ranks(), "train.py", "torchrun --nproc-per-node 2 train.py …"),
        (run_of(lines(1)), "run.sh", "COMMAND"),
    ],
)
def test_a_record_of_a_command_alone_is_told_what_to_type(run: Run, script: str, command: str) -> None:
    assert run.program is not None
    named = record_of(replace(run, program=replace(run.program, script=script)))
    assert refusal(refuse_command, named) == [
        "error: the record holds a run of your own command",
        "  where: r.json",
        f"  why:   it is that of `{script}`, which only its command can run again",
        f"  how:   type `reprocheck verify r.json -- {command}`",
    ]
    assert require_command(named, Path("r.json")).script == script

"""The verdict on a command: made by hand, with a second rerun that is told or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reprocheck.model.json_documents import Json
from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Check, Verdict
from reprocheck.numerics.judgement import Seen
from reprocheck.numerics.rerun import Shortage
from reprocheck.numerics.watched_judgement import judge_command
from tests.numerics.trainings import altered, other, training, with_program, with_settings

RUN = training()
MACHINE: dict[str, Json] = {"software": {"torch": {"version": "2.13.0"}, "packages": []}}
RECORD = Record(fingerprint=MACHINE, lock={"status": "missing"}, device="cpu", threads=2, runs=(RUN,))
BITWISE = altered(RUN, 0)
PARTED = altered(RUN, 2, loss="0x1.2000020p+1")


class Reruns:
    """A second rerun, and the steps that it was asked for."""

    def __init__(self, again: Run | None = None) -> None:
        self.again = again
        self.asked: list[int] = []

    def __call__(self, step: int) -> Run | None:
        self.asked.append(step)
        return self.again


def judged(run: Run, again: Callable[[int], Run | None] | None = None, **seen: object) -> Verdict:
    there = Seen(fingerprint=MACHINE, lock={"status": "missing"}, runs=(run,))
    return judge_command(RECORD, replace(there, **seen), again or Reruns())  # type: ignore[arg-type]  # by replace


def with_machine(**more: Json) -> dict[str, Json]:
    return {**MACHINE, **more}


def test_equal_bits_need_no_second_rerun() -> None:
    reruns = Reruns()
    verdict = judged(BITWISE, reruns)
    assert (verdict.outcome, verdict.exit_code, verdict.causes, reruns.asked) == ("bitwise", 0, (), [])


def test_a_difference_is_looked_at_once_more_up_to_its_step() -> None:
    reruns = Reruns(PARTED)
    verdict = judged(PARTED, reruns)
    assert (verdict.outcome, verdict.exit_code, reruns.asked) == ("not-reproduced", 1, [2])
    assert [(check.name, check.status) for check in verdict.checks[-2:]] == [
        ("train.py", "fail"),
        ("second rerun", "pass"),
    ]


def test_a_cause_of_the_run_comes_before_one_of_the_machine() -> None:
    observed = with_settings(altered(RUN, 0, parameters=other(RUN.steps[0][0].parameters, 0)), lr_0="0.002")
    software: Json = {"torch": {"version": "2.14.0"}, "packages": []}
    verdict = judged(observed, fingerprint=with_machine(software=software))
    assert [cause.what for cause in verdict.causes] == [
        "the optimizer has other settings: learning rate",
        "another build of torch",
    ]


def test_what_cannot_touch_the_phase_is_no_cause_and_is_ruled_out() -> None:
    processor: Json = {"cpu": {"model": "EPYC"}}
    verdict = judged(altered(RUN, 2, data="x"), fingerprint=with_machine(host=processor))
    (cause,) = verdict.causes
    assert cause.what == "unknown: nothing that was noted explains why the digest of the batch differs"
    assert (
        "ruled out: another processor: kernels are chosen by its instruction sets, which cannot touch this phase"
        in cause.evidence
    )


def test_a_package_that_reads_data_can_touch_them() -> None:
    packages: Json = [{"name": "pillow", "manager": "pypi", "version": "12.0"}]
    software: Json = {"torch": {"version": "2.13.0"}, "packages": packages}
    (cause,) = judged(altered(RUN, 2, data="x"), fingerprint=with_machine(software=software)).causes
    assert cause.what == "another version of a package that reads or prepares data"
    assert cause.evidence == ("software.packages.pillow (pypi).version: recorded not there, here 12.0",)


def test_another_processor_explains_a_rounding_and_no_large_difference() -> None:
    processor: Json = {"cpu": {"model": "EPYC"}}
    small = judged(PARTED, fingerprint=with_machine(host=processor))
    assert [cause.what for cause in small.causes] == ["another processor: kernels are chosen by its instruction sets"]
    (large,) = judged(altered(RUN, 2, loss="0x1.8p+1"), fingerprint=with_machine(host=processor)).causes
    assert large.what.startswith("unknown")
    assert large.evidence[-1] == (
        "ruled out: another processor: kernels are chosen by its instruction sets: the difference is too large for "
        "rounding"
    )


def test_another_number_of_threads_explains_no_data() -> None:
    threads = replace(PARTED, in_force={**RUN.in_force, "threads": 4})
    assert judged(threads).causes[0].what == "another number of threads"
    data = replace(altered(RUN, 2, data="x"), in_force={**RUN.in_force, "threads": 4})
    assert judged(data).causes[0].what.startswith("unknown")


def test_another_number_of_threads_is_told_once_however_many_notes_show_it() -> None:
    recorded = with_program(RUN, switches={"threads": {"value": 2, "origin": "default"}})
    observed = with_program(PARTED, switches={"threads": {"value": 4, "origin": "code"}})
    threads = replace(observed, in_force={**RUN.in_force, "threads": 4})
    verdict = judge_command(
        replace(RECORD, runs=(recorded,)),
        Seen(fingerprint=MACHINE, lock={"status": "missing"}, runs=(threads,)),
        Reruns(),
    )
    (cause,) = verdict.causes
    assert (cause.what, cause.evidence) == ("another number of threads", ("recorded 2, here 4",))


def test_a_program_that_does_not_repeat_itself_is_undecided_and_blames_nobody() -> None:
    verdict = judged(PARTED, Reruns(altered(RUN, 2, loss="0x1.2000040p+1")))
    assert (verdict.outcome, verdict.exit_code) == ("undecided", 3)
    assert [cause.what for cause in verdict.causes] == [
        "the program does not repeat itself here, so that no rerun can be held against it"
    ]
    run = verdict.checks[-2]
    assert (run.status, run.detail) == (
        "review",
        "differs from step 2 on: forward; but the program does not repeat itself here",
    )


def test_a_broken_machine_fails_whatever_the_program_does() -> None:
    broken = (Check(name="prefix", status="fail", detail="1 file was altered"),)
    verdict = judged(PARTED, Reruns(altered(RUN, 2, loss="0x1.2000040p+1")), looked_at=broken)
    assert (verdict.outcome, verdict.exit_code) == ("not-reproduced", 1)
    assert verdict.causes[0].what == "the installed environment is damaged, or not the locked one"


def test_a_run_of_another_length_is_not_run_again() -> None:
    reruns = Reruns()
    verdict = judged(training(steps=2), reruns)
    assert (verdict.outcome, reruns.asked, verdict.checks[-1].name) == ("not-reproduced", [], "train.py")
    assert verdict.causes[0].what == "the run is of another length; all common steps are equal"


def test_a_run_that_was_not_possible_is_undecided() -> None:
    verdict = judged(RUN, runs=Shortage(what="nothing was seen", why="no optimizer stepped", how="train"))
    assert (verdict.outcome, verdict.causes[0].what) == ("undecided", "nothing was seen")


def test_what_the_envelope_says_of_a_run_beyond_it_stands() -> None:
    check = Check(name="train.py", status="fail", detail="R = 9.0 of 5", ratio="9.00")
    assert check.ratio
    verdict = judged(PARTED, Reruns(PARTED))
    assert verdict.checks[-2].detail == "differs from step 2 on: forward"

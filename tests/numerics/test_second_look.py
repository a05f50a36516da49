"""Whether a program repeats itself, judged on reruns made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reprocheck.model.records import Run
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.run_cuts import cut
from reprocheck.numerics.second_look import SecondLook, is_worth_a_look, look_again
from tests.numerics.trainings import ONE, altered, other, sampled, training

RUN = training()
PAIR = training(ranks=2)
PARTED = altered(RUN, 2, loss="0x1.23p+1")


def look(first: Run, again: Run | None, recorded: Run = RUN) -> SecondLook:
    found = first_divergence(recorded, first)
    assert found is not None
    return look_again(recorded, first, again, found)


def parameters(run: Run, number: int) -> tuple[str, ...]:
    return run.steps[number][0].parameters


def test_equal_reruns_make_a_stable_difference() -> None:
    seen = look(PARTED, cut(PARTED, 3))
    assert (seen.check.name, seen.check.status, seen.check.detail) == (
        "second rerun",
        "pass",
        "gave the bits of the first one up to step 2: the difference is stable",
    )
    assert (seen.is_steady, seen.excused, seen.cause) == (True, False, None)


def test_the_step_that_was_told_in_full_names_the_module() -> None:
    outputs = (("body", f"{'1' * 16}:{ONE}"),)
    recorded = altered(RUN, 2, outputs=outputs)
    first = altered(RUN, 2, loss="0x1.23p+1")
    again = altered(first, 2, outputs=(("body", f"{'2' * 16}:3f800001"),))
    seen = look(first, again, recorded)
    assert (seen.found.quantity, seen.found.ulp) == ("output of `body`", 1)
    notes = seen.observed.steps[2][0].notes
    assert notes is not None
    assert notes.outputs == (("body", f"{'2' * 16}:3f800001"),)
    assert len(seen.observed.steps) == 4


def test_marks_of_the_step_that_was_told_in_full_bring_their_samples() -> None:
    bits = sampled(parameters(PARTED, 2), {0: ONE})
    digest = parameters(PARTED, 2)[0].partition(":")[0]
    again = altered(PARTED, 2, parameters=(f"{digest}:{bits[0].partition(':')[2]}", *parameters(PARTED, 2)[1:]))
    seen = look(PARTED, again)
    assert parameters(seen.observed, 2)[0] == f"{digest}:{ONE}"


def test_generators_that_nobody_seeds_leave_the_notes() -> None:
    again = PARTED
    for number in range(4):
        again = altered(again, number, random={"torch": f"{number:016x}", "python": "x"})
    notes = look(PARTED, again).observed.steps[0][0].notes
    assert notes is not None
    assert list(notes.random) == ["torch"]


def test_reruns_that_part_before_the_record_excuse_the_difference() -> None:
    seen = look(PARTED, altered(PARTED, 1, loss="0x1.9p+1"))
    assert seen.excused
    assert (seen.check.status, seen.check.detail) == (
        "review",
        "parts from the first rerun: step 1, forward; the program does not repeat itself here",
    )
    assert seen.cause is not None
    assert seen.cause.what == "the program does not repeat itself here, so that no rerun can be held against it"
    assert seen.cause.evidence == ("two reruns part at step 1, rank 0, forward: loss",)
    assert "use_deterministic_algorithms" in seen.cause.fix


def test_reruns_that_part_in_the_same_phase_excuse_the_difference_and_name_the_module() -> None:
    first = altered(RUN, 2, gradients=other(RUN.steps[2][0].gradients, 0), gradient_norm="0x1.3p+0")
    again = altered(first, 2, gradients=("9" * 16 + ":", *first.steps[2][0].gradients[1:]))
    seen = look(first, again)
    assert seen.cause is not None
    assert seen.cause.evidence == (
        "two reruns part at step 2, rank 0, backward: gradient of `body.weight`",
        "in the module `body` (LayerNorm((2,), eps=1e-05))",
    )


def test_a_second_rerun_that_gives_the_recorded_bits_excuses_the_difference() -> None:
    assert look(PARTED, RUN).excused


def test_reruns_that_part_in_a_later_phase_excuse_nothing() -> None:
    again = altered(PARTED, 2, parameters=other(parameters(PARTED, 2), 0))
    seen = look(PARTED, again)
    assert (seen.excused, seen.is_steady, seen.cause) == (False, False, None)
    assert seen.check.detail == (
        "parts from the first rerun too, but only after it parted from the record: step 2, optimizer"
    )


def test_other_first_values_in_each_run_are_put_down_to_the_missing_seed() -> None:
    first = replace(altered(RUN, 0, random={"torch": "x"}), initial=(other(RUN.initial[0], 0, 1),))
    again = replace(altered(RUN, 0, random={"torch": "y"}), initial=(("9" * 16 + ":", *RUN.initial[0][1:]),))
    seen = look(first, again)
    assert seen.cause is not None
    assert seen.cause.evidence[-1] == "nothing seeds these generators: `torch`"
    assert "PYTHONHASHSEED" in seen.cause.fix


def test_sums_over_ranks_that_part_are_put_down_to_the_collective() -> None:
    def with_sum(digit: str) -> Run:
        run = PAIR
        for rank in range(2):
            run = altered(run, 2, rank, local="a" * 16, gradients=(digit * 16 + ":", "b" * 16 + ":", "-"))
        return run

    seen = look(with_sum("8"), with_sum("9"), with_sum("7"))
    assert seen.cause is not None
    assert "NCCL_ALGO" in seen.cause.fix


@pytest.mark.parametrize("again", [None, training(steps=2)])
def test_a_second_rerun_that_does_not_come_so_far_shows_nothing(again: Run | None) -> None:
    seen = look(PARTED, again)
    assert (seen.check.status, seen.check.detail) == ("skip", "none that came to step 2")
    assert (seen.observed, seen.excused) == (PARTED, False)


def with_flip(run: Run, **notes: Any) -> Run:
    return altered(run, 2, before={"head.weight": f"{'f' * 16}:3f900000"}, **notes)


def test_a_parameter_that_was_changed_between_the_steps_is_the_first_difference() -> None:
    again = with_flip(PARTED)
    again = altered(again, 1, parameters=("b", f"{parameters(RUN, 1)[1]}{ONE}", "m"))
    again = altered(
        again, 1, parameters=(parameters(RUN, 1)[0], f"{parameters(RUN, 1)[1]}{ONE}", parameters(RUN, 1)[2])
    )
    found = look(PARTED, again).found
    assert (found.step, found.phase, found.quantity) == (2, "parameters", "value before the step of `head.weight`")
    assert (found.tensor, found.module, found.ulp) == ("head.weight", "head", 1 << 20)


def test_a_parameter_that_is_changed_in_the_record_too_is_no_difference() -> None:
    recorded = altered(RUN, 0, before={"head.weight": "e" * 16 + ":"})
    assert look(PARTED, with_flip(PARTED), recorded).found.phase == "forward"


def test_other_data_come_before_a_changed_parameter() -> None:
    first = altered(RUN, 2, data="x")
    assert look(first, with_flip(first)).found.phase == "data"


def test_a_changed_parameter_without_a_name_is_no_difference() -> None:
    again = altered(PARTED, 2, before={"lost": "f" * 16 + ":"})
    assert look(PARTED, again).found.phase == "forward"


@pytest.mark.parametrize(
    ("observed", "worth"),
    [(PARTED, True), (PAIR, False), (training(steps=2), False), (replace(RUN, tensors=RUN.tensors[::-1]), False)],
)
def test_a_second_rerun_is_made_where_it_can_tell_more(observed: Run, worth: bool) -> None:
    found = first_divergence(RUN, observed)
    assert found is not None
    assert is_worth_a_look(found) is worth

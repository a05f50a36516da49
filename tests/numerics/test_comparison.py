from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.records import RankStep, Run, TensorSpec
from reprocheck.model.verdicts import Divergence
from reprocheck.numerics.comparison import compare_runs, first_divergence

Alter = Callable[..., Run]


def changed(marks: tuple[str, ...], index: int, bits: str) -> tuple[str, ...]:
    return tuple(f"{'f' * 16}:{bits}" if place == index else mark for place, mark in enumerate(marks))


@pytest.fixture
def seen(run: Run) -> RankStep:
    return run.steps[0][0]


def test_equal_runs_pass(run: Run) -> None:
    check = compare_runs(run, run)
    assert (check.status, check.detail, check.first_divergence) == ("pass", "2 steps bitwise on 2 ranks", None)


def test_one_ulp_of_the_loss_is_named(run: Run, altered: Alter) -> None:
    observed = altered(1, 1, loss="0x1.8000020000000p+1")
    assert first_divergence(run, observed) == Divergence(
        step=1,
        rank=1,
        phase="forward",
        quantity="loss",
        recorded="0x1.8000000000000p+1 (3)",
        observed="0x1.8000020000000p+1 (3.00000024)",
        ulp=1,
        relative="7.9e-08",
    )


def test_the_check_names_step_and_phase(run: Run, altered: Alter) -> None:
    check = compare_runs(run, altered(1, 0, loss="nan"))
    assert (check.status, check.detail) == ("fail", "differs from step 1 on: forward")
    assert check.first_divergence is not None
    assert check.first_divergence.ulp is None


def test_the_gradient_nearest_the_loss_is_named(run: Run, altered: Alter, seen: RankStep) -> None:
    both = changed(changed(seen.gradients, 0, "3f800000.3f800009"), 1, "3f800003")
    step = replace(run, steps=(run.steps[0], tuple(replace(rank, gradients=both) for rank in run.steps[1])))
    found = first_divergence(run, step)
    assert found is not None
    assert (found.step, found.rank, found.phase, found.tensor, found.ulp) == (1, 0, "backward", "last.bias", 3)


def test_the_farthest_sampled_element_is_shown(run: Run, altered: Alter, seen: RankStep) -> None:
    marks = changed(seen.gradients, 0, "3f800001.3f800004")
    step = replace(run, steps=(tuple(replace(rank, gradients=marks) for rank in run.steps[0]), run.steps[1]))
    found = first_divergence(run, step)
    assert found is not None
    assert (found.ulp, found.sampled, found.observed) == (4, 2, "0x1.0000080000000p+0 (1.00000048)")


def test_a_nan_lies_farther_than_any_number(run: Run, altered: Alter, seen: RankStep) -> None:
    found = first_divergence(run, altered(0, 0, gradients=changed(seen.gradients, 0, "7fc00000.ff7fffff")))
    assert found is not None
    assert (found.ulp, found.observed) == (None, "nan (nan)")


def test_ranks_that_part_are_an_all_reduce_fault(run: Run, altered: Alter, seen: RankStep) -> None:
    found = first_divergence(run, altered(1, 1, gradients=changed(seen.gradients, 0, "3f800001.3f800000")))
    assert found is not None
    assert (found.step, found.rank, found.phase) == (1, 1, "all-reduce")


def test_ranks_that_parted_in_the_record_too_are_no_all_reduce_fault(run: Run, altered: Alter, seen: RankStep) -> None:
    recorded = altered(0, 1, gradients=changed(seen.gradients, 1, "40000000"))
    found = first_divergence(recorded, altered(0, 1, gradients=changed(seen.gradients, 1, "40400000")))
    assert found is not None
    assert found.phase == "backward"


def test_a_difference_outside_the_sampled_elements_has_no_ulp_but_is_found(
    run: Run, altered: Alter, seen: RankStep
) -> None:
    found = first_divergence(run, altered(0, 0, parameters=changed(seen.parameters, 0, "3f800000.3f800000")))
    assert found is not None
    assert (found.phase, found.tensor, found.ulp, found.recorded == found.observed) == (
        "optimizer",
        "first.weight",
        0,
        True,
    )


def test_a_buffer_of_integers_has_values_but_no_ulp(run: Run, altered: Alter, seen: RankStep) -> None:
    found = first_divergence(run, altered(0, 0, parameters=changed(seen.parameters, 2, "0000000000000002")))
    assert found is not None
    assert (found.tensor, found.ulp, found.recorded, found.observed) == ("count", None, "1", "2")


def test_data_come_before_everything_that_follows_from_them(run: Run, altered: Alter) -> None:
    observed = altered(0, 1, data="e" * 32, loss="0x1.0000000000000p+1")
    found = first_divergence(run, observed)
    assert found is not None
    assert (found.phase, found.rank, found.ulp) == ("data", 1, None)


def test_a_phase_comes_before_a_later_phase_of_an_earlier_rank(run: Run, altered: Alter) -> None:
    first = altered(0, 0, gradient_norm="0x1.8000000000000p+0")
    steps = (first.steps[0][0], replace(first.steps[0][1], loss="0x1.0000000000000p+1"))
    found = first_divergence(run, replace(first, steps=(steps, run.steps[1])))
    assert found is not None
    assert (found.phase, found.rank) == ("forward", 1)


@pytest.mark.parametrize(
    ("fields", "phase", "quantity"),
    [
        ({"loss_scale": "0x1.0000000000000p+1"}, "scale", "loss scale"),
        ({"gradient_norm": "inf"}, "clip", "gradient norm"),
        ({"skipped": True}, "optimizer", "optimizer step"),
        ({"learning_rate": "0x1.004189374bc6ap-8"}, "optimizer", "learning rate"),
    ],
)
def test_every_number_of_a_step_is_compared(
    run: Run, altered: Alter, fields: dict[str, object], phase: str, quantity: str
) -> None:
    found = first_divergence(run, altered(1, 0, **fields))
    assert found is not None
    assert (found.step, found.phase, found.quantity) == (1, phase, quantity)


def test_a_skipped_step_still_shows_another_learning_rate(run: Run, altered: Alter) -> None:
    recorded = altered(0, 0, skipped=True)
    observed = altered(0, 0, skipped=True, learning_rate="0x1.004189374bc6ap-8")
    found = first_divergence(recorded, observed)
    assert found is not None
    assert found.observed == "0x1.004189374bc6ap-8 (0.00391015625)"


def test_other_first_values_are_told_before_step_0(run: Run) -> None:
    initial = (run.initial[0], changed(run.initial[1], 1, "3f800002"))
    found = first_divergence(run, replace(run, initial=initial))
    assert found is not None
    assert (found.step, found.rank, found.phase, found.tensor, found.ulp) == (0, 1, "init", "last.bias", 2)


def test_another_list_of_tensors_is_told_and_nothing_else_compared(run: Run) -> None:
    found = first_divergence(run, replace(run, tensors=run.tensors[:2]))
    assert found is not None
    assert (found.phase, found.quantity, found.tensor) == ("init", "list of tensors", None)
    assert (found.recorded, found.observed) == ("3 tensors, with count int64[]", "2 tensors")


def test_of_two_models_only_what_differs_is_named(run: Run) -> None:
    wide = tuple(TensorSpec(name=f"layer.{number}", dtype="torch.bfloat16", shape=(2,)) for number in range(6))
    found = first_divergence(run, replace(run, tensors=(*run.tensors, *wide)))
    assert found is not None
    assert found.recorded == f"{len(run.tensors)} tensors"
    assert found.observed == (
        f"{len(run.tensors) + 6} tensors, with layer.0 bfloat16[2], layer.1 bfloat16[2], layer.2 bfloat16[2], "
        "layer.3 bfloat16[2], and 2 more"
    )


def test_tensors_in_another_order_are_told_with_the_first_that_moved(run: Run) -> None:
    found = first_divergence(run, replace(run, tensors=run.tensors[::-1]))
    assert found is not None
    assert found.recorded == "3 tensors, in place 0 first.weight float32[2, 2]"
    assert found.observed == "3 tensors, in place 0 count int64[]"


def test_a_tensor_that_is_there_twice_is_told_by_its_place(run: Run) -> None:
    found = first_divergence(run, replace(run, tensors=(*run.tensors, run.tensors[0])))
    assert found is not None
    assert found.recorded == "3 tensors, in place 3 none"
    assert found.observed == "4 tensors, in place 3 first.weight float32[2, 2]"


def test_equal_runs_that_are_no_numbers_pass_and_say_so(run: Run, altered: Alter) -> None:
    broken = altered(1, 1, gradient_norm="nan")
    assert compare_runs(broken, broken).detail.endswith(" bitwise on 2 ranks, gradients nan or infinite from step 1")


def test_a_step_that_was_skipped_for_its_overflow_is_no_run_without_numbers(run: Run, altered: Alter) -> None:
    skipped = altered(1, 1, gradient_norm="inf", skipped=True)
    assert compare_runs(skipped, skipped).detail.endswith(" bitwise on 2 ranks")


def test_a_record_whose_samples_were_cut_off_is_compared_by_digest(run: Run, altered: Alter, seen: RankStep) -> None:
    found = first_divergence(run, altered(0, 0, parameters=changed(seen.parameters, 1, "")))
    assert found is not None
    assert (found.ulp, found.sampled, found.observed) == (None, 0, "no element was sampled on both sides")


def test_a_run_that_the_record_lacks_is_skipped(run: Run) -> None:
    check = compare_runs(replace(run, unsupported="no GradScaler"), run)
    assert (check.status, check.detail) == ("skip", "not in the record: no GradScaler")


def test_a_run_that_is_not_possible_here_is_skipped(run: Run) -> None:
    check = compare_runs(run, replace(run, unsupported="no GradScaler"))
    assert (check.status, check.detail) == ("skip", "not possible here: no GradScaler")


def test_another_number_of_gradients_is_told(run: Run, altered: Alter, seen: RankStep) -> None:
    divergence = first_divergence(run, altered(1, 0, gradients=seen.gradients[:-1]))
    assert divergence
    assert (divergence.step, divergence.phase, divergence.quantity) == (1, "backward", "number of gradients")
    assert (divergence.recorded, divergence.observed) == ("2", "1")

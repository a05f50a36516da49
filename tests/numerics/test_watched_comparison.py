"""Where two trainings of people part: the phase by the notes, for each fault the step, and a near miss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.records import RankStep, Run
from reprocheck.numerics.comparison import compare_runs, first_divergence, settings_before
from tests.numerics.trainings import (
    ONE,
    TENSORS,
    altered,
    on_all_ranks,
    other,
    place,
    sampled,
    training,
    with_program,
    with_settings,
)

RUN = training()
PAIR = training(ranks=2)
LOCAL = "a" * 16


def seen(number: int = 2) -> RankStep:
    return RUN.steps[number][0]


def test_equal_trainings_pass_under_the_name_of_their_script() -> None:
    check = compare_runs(RUN, RUN)
    assert (check.name, check.status, check.detail) == ("train.py", "pass", "4 steps bitwise")


def test_one_step_is_told_as_one() -> None:
    assert compare_runs(training(steps=1), training(steps=1)).detail == "1 step bitwise"


def test_another_batch_is_a_difference_of_the_data() -> None:
    assert place(RUN, altered(RUN, 2, data="e" * 16, loss="nan")) == (2, 0, "data", "digest of the batch")


def test_generators_alone_are_no_difference() -> None:
    assert first_divergence(RUN, altered(RUN, 2, random={"torch": "x", "python": "y"})) is None


def test_events_and_settings_alone_are_no_difference() -> None:
    assert first_divergence(RUN, altered(RUN, 2, events="FBS", settings={"0.eps": "1"})) is None


def test_another_state_and_another_loss_are_a_difference_of_random_numbers() -> None:
    observed = altered(RUN, 2, random={"torch": "x" * 16}, loss="0x1.9p+1")
    assert place(RUN, observed) == (2, 0, "random", "state of the generator `torch`")


def test_a_generator_that_differed_before_with_equal_numbers_explains_nothing() -> None:
    observed = altered(altered(RUN, 1, random={"torch": "x"}), 2, random={"torch": "y"}, loss="0x1.9p+1")
    assert place(RUN, observed) == (2, 0, "forward", "loss")


def test_a_generator_beside_torch_explains_nothing_in_the_first_step() -> None:
    observed = altered(RUN, 0, random={"torch": f"{0:016x}", "python": "x"}, loss="0x1.9p+1")
    assert place(RUN, observed) == (0, 0, "forward", "loss")


def test_a_generator_beside_torch_that_parts_later_explains_a_loss() -> None:
    observed = altered(RUN, 2, random={"torch": f"{2:016x}", "python": "x"}, loss="0x1.9p+1")
    assert place(RUN, observed) == (2, 0, "random", "state of the generator `python`")


def test_another_loss_alone_lies_in_the_forward_pass() -> None:
    found = first_divergence(RUN, altered(RUN, 2, loss="0x1.2000020p+1"))
    assert found is not None
    assert (found.phase, found.quantity, found.ulp, found.relative) == ("forward", "loss", 1, "1.1e-07")


def test_a_mean_of_several_losses_has_no_ulp() -> None:
    found = first_divergence(RUN, altered(RUN, 2, loss="0x1.2000000000001p+1"))
    assert found is not None
    assert (found.ulp, found.relative) == (None, "2.0e-16")


def test_the_first_module_whose_output_differs_is_named() -> None:
    outputs = (("body", f"{'1' * 16}:{ONE}"), ("head", f"{'2' * 16}:{ONE}"), ("", f"{'3' * 16}:{ONE}"))
    here = (outputs[0], ("head", f"{'4' * 16}:3f800003"), ("", f"{'5' * 16}:{ONE}"))
    observed = altered(RUN, 2, outputs=here, loss="nan")
    found = first_divergence(altered(RUN, 2, outputs=outputs), observed)
    assert found is not None
    assert (found.quantity, found.module, found.tensor) == ("output of `head`", "head", None)
    assert (found.ulp, found.sampled, found.relative) == (3, 1, "3.6e-07")


@pytest.mark.parametrize(
    ("here", "quantity"),
    [
        ((("head", "1" * 16 + ":"),), "module that ends next"),
        ((("body", "1" * 16 + ":"), ("head", "2" * 16 + ":")), "number of modules that ran"),
        ((("body", "1" * 16 + ":"),), "loss"),
        ((), "loss"),
    ],
)
def test_other_modules_that_run_are_told(here: tuple[tuple[str, str], ...], quantity: str) -> None:
    recorded = altered(RUN, 2, outputs=(("body", "1" * 16 + ":"),))
    assert place(recorded, altered(RUN, 2, outputs=here, loss="nan")) == (2, 0, "forward", quantity)


def test_a_buffer_belongs_to_the_forward_pass() -> None:
    found = first_divergence(RUN, altered(RUN, 2, parameters=other(seen().parameters, 0, 2)))
    assert found is not None
    assert (found.phase, found.tensor, found.module) == ("forward", "body.running_mean", "body")


def test_another_loss_scale_is_told_before_the_gradients() -> None:
    observed = altered(RUN, 2, loss_scale="0x1.0p+11", gradients=other(seen().gradients, 0))
    assert place(RUN, observed)[2:] == ("scale", "loss scale")


def test_other_gradients_lie_in_the_backward_pass_the_nearest_to_the_loss_first() -> None:
    found = first_divergence(RUN, altered(RUN, 2, gradients=other(seen().gradients, 0, 1), gradient_norm="0x1.3p+0"))
    assert found is not None
    assert (found.phase, found.tensor, found.module) == ("backward", "head.weight", "head")
    assert found.relative == "5.6e-02 of the gradient norm"


def test_what_no_number_of_the_step_shows_is_looked_for_in_the_next() -> None:
    observed = altered(altered(RUN, 2, parameters=other(seen().parameters, 0)), 3, loss="0x1.4p+1")
    found = first_divergence(RUN, observed)
    assert found is not None
    assert (found.phase, found.relative) == ("optimizer", "5.3e-02 of the loss of step 3")


def test_where_no_number_tells_the_size_none_is_told() -> None:
    found = first_divergence(RUN, altered(RUN, 3, parameters=other(seen(3).parameters, 0)))
    assert found is not None
    assert (found.phase, found.relative, found.ulp) == ("optimizer", "", None)


def test_marks_are_compared_by_digest_where_one_side_was_not_sampled() -> None:
    gradients = tuple(f"{one.partition(':')[0]}:{ONE}" if ":" in one else one for one in seen().gradients)
    assert first_divergence(RUN, altered(RUN, 2, gradients=gradients)) is None


def test_a_norm_that_is_the_scale_times_as_large_was_not_unscaled() -> None:
    observed = altered(RUN, 2, gradients=other(seen().gradients, 0, 1), gradient_norm="0x1.2p+10")
    assert place(RUN, observed)[2] == "unscale"


def test_a_norm_that_is_larger_by_another_factor_is_no_scale() -> None:
    observed = altered(RUN, 2, gradients=other(seen().gradients, 0, 1), gradient_norm="0x1.2p+9")
    assert place(RUN, observed)[2] == "backward"


@pytest.mark.parametrize("scale", ["0x1.0p+0", "nan", "-0x1.0p+3"])
def test_without_a_scale_nothing_is_unscaled(scale: str) -> None:
    recorded = altered(RUN, 2, loss_scale=scale)
    observed = altered(recorded, 2, gradients=other(seen().gradients, 0, 1), events="ZFBCS", gradient_norm="0x1.2p+1")
    assert place(recorded, observed)[2] == "backward"


@pytest.mark.parametrize("events", ["ZFBCUS", "ZFBCS"])
def test_clipping_before_unscaling_shows_in_the_events(events: str) -> None:
    assert place(RUN, altered(RUN, 2, gradients=other(seen().gradients, 0, 1), events=events))[2] == "unscale"


def test_clipping_on_one_side_only_is_a_difference_of_clipping() -> None:
    observed = altered(RUN, 2, gradients=other(seen().gradients, 0, 1), events="ZFBUS", gradient_norm="0x1.2000020p+0")
    assert place(RUN, observed)[2] == "clip"


def test_norms_computed_in_two_ways_are_not_compared() -> None:
    assert first_divergence(RUN, altered(RUN, 2, events="ZFBUS", gradient_norm="0x1.2000020p+0")) is None


def test_another_norm_of_equal_gradients_is_told_where_both_clip() -> None:
    assert place(RUN, altered(RUN, 2, gradient_norm="0x1.3p+0"))[2:] == ("clip", "gradient norm")


def test_another_clipping_bound_is_a_difference_of_clipping() -> None:
    observed = with_settings(altered(RUN, 2, gradients=other(seen().gradients, 0, 1)), clip_norm="0.5 2.0")
    assert place(RUN, observed)[2] == "clip"


def test_one_factor_over_all_samples_is_a_difference_of_clipping() -> None:
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: "3f800000.40000000", 1: "40400000.40800000"}))
    halved = sampled(seen().gradients, {0: "3f000000.3f800000", 1: "3fc00000.40000000"}, "d")
    assert place(recorded, altered(recorded, 2, gradients=halved))[2] == "clip"


def test_rounding_that_leaves_the_norm_equal_is_no_clipping() -> None:
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: "3f800000.40000000", 1: "40400000.40800000"}))
    noise = sampled(seen().gradients, {0: "3f800001.40000000", 1: "40400000.407fffff"}, "d")
    assert place(recorded, altered(recorded, 2, gradients=noise))[2] == "backward"


def test_equal_norms_without_clipping_are_no_clipping() -> None:
    recorded = altered(RUN, 2, events="ZFBUS")
    assert place(recorded, altered(recorded, 2, gradients=other(seen().gradients, 0, 1)))[2] == "backward"


def test_gradients_that_were_not_set_to_zero_lie_in_the_backward_pass() -> None:
    recorded = on_all_ranks(PAIR, 2, local=LOCAL)
    gradients = other(seen().gradients, 0, 1)
    assert place(recorded, on_all_ranks(recorded, 2, gradients=gradients, events="FBUCS"))[2] == "backward"


def test_equal_gradients_of_the_ranks_and_another_sum_lie_in_the_all_reduce() -> None:
    recorded = on_all_ranks(PAIR, 2, local=LOCAL)
    observed = on_all_ranks(recorded, 2, gradients=other(seen().gradients, 0), gradient_norm="0x1.3p+0")
    assert place(recorded, observed) == (2, 0, "all-reduce", "gradient of `body.weight`")


def test_the_rank_whose_own_gradients_differ_is_named_not_the_first_that_got_the_sum() -> None:
    recorded = on_all_ranks(PAIR, 2, local=LOCAL)
    observed = on_all_ranks(recorded, 2, gradients=other(seen().gradients, 0), gradient_norm="0x1.3p+0")
    found = place(recorded, altered(observed, 2, 1, local="b" * 16))
    assert found == (2, 1, "backward", "gradient of `body.weight`")


def test_ranks_that_part_were_not_synchronised() -> None:
    observed = altered(PAIR, 2, 1, gradients=other(seen().gradients, 0))
    assert place(PAIR, observed) == (2, 1, "all-reduce", "gradient of `body.weight`")


def test_other_parameters_after_equal_gradients_lie_in_the_optimizer() -> None:
    assert place(RUN, altered(RUN, 2, parameters=other(seen().parameters, 1)))[2:] == (
        "optimizer",
        "value of `head.weight`",
    )


def test_another_optimizer_that_steps_is_told_first() -> None:
    assert place(RUN, altered(RUN, 2, optimizer=1, data="e"))[2:] == ("optimizer", "optimizer that makes the step")


def test_a_run_that_ends_early_is_told_behind_its_last_step() -> None:
    short = training(steps=2)
    assert place(RUN, short) == (2, 0, "end", "number of optimizer steps")
    assert place(short, RUN) == (2, 0, "end", "number of optimizer steps")


def test_a_difference_before_the_end_is_told_before_it() -> None:
    assert place(RUN, altered(training(steps=2), 1, loss="nan")) == (1, 0, "forward", "loss")


def test_tensors_of_an_optimizer_that_had_no_step_yet_are_no_difference() -> None:
    later = (*TENSORS, replace(TENSORS[0], name="other.weight"))
    steps = tuple(
        tuple(
            replace(
                rank,
                gradients=(*rank.gradients, "-"),
                parameters=(*rank.parameters, "-" if number < 3 else "1" * 16 + ":"),
                sketches=((1.0,),) * 4,
            )
            for rank in ranks
        )
        for number, ranks in enumerate(RUN.steps)
    )
    whole = replace(RUN, tensors=later, initial=((*RUN.initial[0], "1" * 16 + ":"),), steps=steps)
    assert place(whole, training(steps=2)) == (2, 0, "end", "number of optimizer steps")


def test_another_model_is_told_before_the_first_step() -> None:
    observed = replace(RUN, tensors=(replace(TENSORS[0], shape=(2, 3)), *TENSORS[1:]))
    assert place(RUN, observed) == (0, 0, "init", "list of tensors")


def test_another_number_of_ranks_is_told_before_the_first_step() -> None:
    assert place(RUN, PAIR) == (0, 0, "init", "number of ranks")


def test_a_rank_that_is_lost_on_the_way_is_told() -> None:
    lost = replace(PAIR, steps=(*PAIR.steps[:2], *((rank,) for rank, _ in PAIR.steps[2:])))
    assert place(PAIR, lost) == (2, 1, "end", "ranks")


def test_other_first_values_come_before_the_first_step() -> None:
    observed = with_program(replace(RUN, initial=(other(RUN.initial[0], 0),)), modules=())
    assert place(RUN, observed) == (0, 0, "init", "first value of `body.weight`")


def test_a_buffer_that_the_first_forward_pass_updated_belongs_to_that_pass() -> None:
    start = replace(RUN, initial=(other(RUN.initial[0], 2),))
    assert first_divergence(RUN, start) is None
    found = place(RUN, altered(start, 0, parameters=other(seen(0).parameters, 2)))
    assert found == (0, 0, "forward", "value of `body.running_mean`")


def test_an_output_of_sixteen_bits_is_told_by_its_bits() -> None:
    recorded = altered(RUN, 2, outputs=(("head", "1" * 16 + ":3c00.3c01"),))
    found = first_divergence(recorded, altered(recorded, 2, outputs=(("head", "2" * 16 + ":3c00.3c04"),)))
    assert found is not None
    assert (found.ulp, found.recorded, found.observed, found.relative) == (3, "bits 3c01", "bits 3c04", "")


def test_gradients_of_sixteen_bits_show_no_factor() -> None:
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: "3c00.3c00", 1: "3c00.3c00"}))
    halved = sampled(seen().gradients, {0: "3800.3800", 1: "3800.3800"}, "d")
    assert place(recorded, altered(recorded, 2, gradients=halved))[2] == "backward"


def test_settings_of_another_optimizer_are_not_in_force() -> None:
    run = altered(altered(RUN, 0, settings={"0.lr": "1", "seed.torch": "4"}), 1, optimizer=1, settings={"0.lr": "2"})
    assert settings_before(run, 1, 0) == {"0.lr": "2", "seed.torch": "4"}
    assert settings_before(run, 2, 0) == {"0.lr": "1", "seed.torch": "4"}


def with_second_optimizer(begin: int, first: str = "1" * 16 + ":") -> Run:
    """Return a training in which another optimizer makes the steps from `begin` on, with a tensor of its own."""
    steps = tuple(
        tuple(
            replace(
                rank,
                gradients=(
                    *(("-",) * 3 if number >= begin else rank.gradients),
                    "2" * 16 + ":" if number >= begin else "-",
                ),
                parameters=(
                    *(("-",) * 3 if number >= begin else rank.parameters),
                    "3" * 16 + ":" if number >= begin else "-",
                ),
            )
            for rank in ranks
        )
        for number, ranks in enumerate(RUN.steps)
    )
    tensors = (*TENSORS, replace(TENSORS[0], name="other.weight"))
    return replace(RUN, tensors=tensors, initial=((*RUN.initial[0], first),), steps=steps)


def test_first_values_of_a_later_optimizer_are_compared_at_its_first_step() -> None:
    recorded, observed = with_second_optimizer(2), with_second_optimizer(2, "9" * 16 + ":")
    assert place(recorded, observed) == (2, 0, "init", "first value of `other.weight`")
    assert place(recorded, altered(observed, 1, loss="nan")) == (1, 0, "forward", "loss")


def test_an_optimizer_that_never_came_is_told_where_it_began() -> None:
    assert place(with_second_optimizer(2), RUN) == (2, 0, "init", "list of tensors")

"""Each cause from the notes of a training: one case that must name it, and a near miss that must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reprocheck.model.records import RankStep, Run
from reprocheck.numerics.comparison import first_divergence
from reprocheck.numerics.watched_causes import unknown_cause, watched_causes
from tests.numerics.trainings import (
    ONE,
    RATES,
    SETTINGS,
    altered,
    case_of,
    causes_of,
    first_cause,
    on_all_ranks,
    other,
    sampled,
    training,
    with_program,
    with_settings,
)

RUN = training()
PAIR = training(ranks=2)
OUTPUTS = (("body", f"{'1' * 16}:{ONE}"), ("head", f"{'2' * 16}:{ONE}"))


def seen(number: int = 2, run: Run = RUN) -> RankStep:
    return run.steps[number][0]


def whats(recorded: Run, observed: Run, **more: object) -> list[str]:
    return [cause.what for cause in causes_of(recorded, observed, **more)]


def ruled_out(recorded: Run, observed: Run) -> tuple[str, ...]:
    return watched_causes(case_of(recorded, observed))[1]


def with_other_start(run: Run, *places: int) -> Run:
    return replace(run, initial=(other(run.initial[0], *places),))


def with_other_loss(run: Run, number: int = 2, loss: str = "0x1.2345p+1", **fields: Any) -> Run:
    return altered(run, number, loss=loss, **fields)


def with_other_gradients(run: Run, number: int = 2, norm: str = "0x1.3p+0", **fields: Any) -> Run:
    return on_all_ranks(run, number, gradients=other(seen(number).gradients, 0, 1), gradient_norm=norm, **fields)


def with_other_values(run: Run, number: int = 0) -> Run:
    return altered(run, number, parameters=other(seen(number).parameters, 0, 1))


# init


def test_another_seed_is_named_by_what_torch_says_of_it() -> None:
    observed = with_settings(with_other_start(RUN, 0, 1), seed_torch="1")
    assert first_cause(RUN, observed) == ("another seed", ("seed of torch: recorded 0, here 1",))


def test_one_seed_and_another_state_are_other_draws() -> None:
    observed = altered(with_other_start(RUN, 0, 1), 0, random={"torch": "x"})
    assert first_cause(RUN, observed) == (
        "other random numbers were drawn before the first step",
        (
            "the generator `torch` is in another state than recorded before step 0",
            "the seed of torch is the recorded one",
        ),
    )


def test_where_torch_tells_no_seed_both_are_possible() -> None:
    recorded = altered(RUN, 0, settings={})
    observed = altered(with_other_start(recorded, 0, 1), 0, random={"torch": "x"})
    assert whats(recorded, observed) == [
        "the random generators start elsewhere: another seed, or other draws before the first step"
    ]


def test_a_generator_that_nobody_seeds_is_no_cause_without_a_second_rerun() -> None:
    observed = altered(with_other_start(RUN, 0, 1), 0, random={"torch": f"{0:016x}", "python": "x"})
    assert whats(RUN, observed) == []
    assert whats(RUN, observed, is_steady=True) == ["other random numbers were drawn before the first step"]
    assert "the random generators of torch are in the recorded states" in ruled_out(RUN, observed)


def test_equal_states_rule_random_numbers_out() -> None:
    assert ruled_out(RUN, with_other_start(RUN, 0, 1)) == (
        "the seed of torch is the recorded one",
        "all modules are described as recorded",
        "the random generators are in the recorded states",
    )


def test_a_single_tensor_with_one_flipped_bit_is_named() -> None:
    observed = replace(RUN, initial=(sampled(RUN.initial[0], {0: f"{ONE}.3f900000"}),))
    assert first_cause(RUN, observed) == (
        "the first values of `body.weight` alone are others: a flipped bit, or an edited checkpoint",
        ("1 of 3 tensors differs", "one sampled element differs, in bit 20 alone"),
    )


def test_a_flipped_bit_outside_the_samples_leaves_the_tensor() -> None:
    assert first_cause(RUN, with_other_start(RUN, 0))[1] == ("1 of 3 tensors differs",)


def test_a_single_tensor_with_many_other_values_is_no_flipped_bit() -> None:
    observed = replace(RUN, initial=(sampled(RUN.initial[0], {0: "3f900000.3f8ccccd"}),))
    assert first_cause(RUN, observed) == (
        "the first values of `body.weight` alone are others: it is initialised or loaded otherwise",
        ("1 of 3 tensors differs", "2 of 2 sampled elements differ"),
    )


def test_parameters_that_one_side_alone_has_are_named() -> None:
    tensors = (replace(RUN.tensors[0], shape=(9,)), *RUN.tensors[1:])
    what, facts = first_cause(RUN, replace(RUN, tensors=tensors))
    assert what == "the model has other parameters"
    assert facts == (f"`body.weight`: recorded float32{list(RUN.tensors[0].shape)}, here float32[9]",)
    renamed = tuple(replace(tensor, name=f"more.{tensor.name}") for tensor in RUN.tensors)
    _, facts = first_cause(RUN, replace(RUN, tensors=renamed))
    assert (len(facts), facts[-1]) == (5, "and 2 more")


def test_parameters_in_another_order_are_named_and_their_values_not_compared() -> None:
    moved = replace(RUN, tensors=RUN.tensors[::-1], initial=(RUN.initial[0][::-1],))
    assert len(whats(RUN, moved)) == 1
    assert first_cause(RUN, moved) == (
        "the optimizer holds the parameters in another order, or in other groups",
        ("first in another place: recorded `body.weight`, here `body.running_mean`",),
    )


def test_first_values_from_one_seed_and_one_state_are_initialised_otherwise() -> None:
    assert first_cause(RUN, with_other_start(RUN, 0, 1)) == (
        "the parameters are initialised otherwise, or loaded from another checkpoint",
        ("2 of 3 tensors differ; the seed of torch and the random generators before the first step are as recorded",),
    )


def test_two_tensors_are_no_flipped_bit() -> None:
    assert not any("flipped" in what for what in whats(RUN, with_other_start(RUN, 0, 1)))


def test_buffers_of_a_module_that_is_built_otherwise_did_start_alike() -> None:
    observed = altered(with_module("body", "LayerNorm((2,), eps=1e-06)"), 0, parameters=other(seen(0).parameters, 2))
    assert whats(RUN, observed) == ["the model is built otherwise"]


def test_buffers_alone_were_not_restored() -> None:
    observed = altered(with_other_start(RUN, 2), 0, parameters=other(seen(0).parameters, 2))
    assert first_cause(RUN, observed) == (
        "buffers, such as running statistics, start from other values; the parameters are equal",
        ("`body.running_mean` after the first forward pass, whose data and loss are as recorded",),
    )


def test_buffers_that_part_later_started_from_the_recorded_values() -> None:
    assert whats(RUN, altered(RUN, 1, parameters=other(seen(1).parameters, 2))) == []


def test_another_layer_is_named_where_the_tensors_are_others() -> None:
    tensors = (replace(RUN.tensors[0], shape=(2, 3)), *RUN.tensors[1:])
    modules = tuple((path, "LayerNorm((3,), eps=1e-05)" if path == "body" else text) for path, text in seen_modules())
    what, facts = first_cause(RUN, with_program(replace(RUN, tensors=tensors), modules=modules))
    assert what == "the model is built otherwise"
    assert facts == ("`body`: recorded LayerNorm((2,), eps=1e-05), here LayerNorm((3,), eps=1e-05)",)


def test_another_number_of_ranks_is_a_cause() -> None:
    assert first_cause(RUN, PAIR) == ("another number of ranks", ("ranks: recorded 1, here 2",))


# data


def test_a_sampler_that_was_not_told_the_epoch_is_named() -> None:
    recorded = with_settings(with_settings(RUN, data_epoch="0"), 2, data_epoch="1")
    observed = with_settings(altered(RUN, 2, data="x"), data_epoch="0")
    assert first_cause(recorded, observed) == (
        "the sampler was told another epoch: `set_epoch` is missing or called otherwise",
        ("data.epoch: recorded 1, here 0",),
    )


def test_batches_of_an_earlier_epoch_show_a_missing_set_epoch_too() -> None:
    observed = altered(altered(RUN, 2, data=seen(0).data), 3, data=seen(1).data)
    what, facts = first_cause(RUN, observed)
    assert "`set_epoch` is missing" in what
    assert facts == ("the batch of step 2 here is that of step 0 again; in the record it is another",)


def test_batches_that_come_again_in_the_record_too_show_nothing() -> None:
    recorded = altered(altered(RUN, 2, data=seen(0).data), 3, data=seen(1).data)
    assert not any("set_epoch" in what for what in whats(recorded, altered(recorded, 3, data="x.y")))


def test_another_sampler_is_named() -> None:
    observed = with_settings(altered(RUN, 0, data="x"), data_sampler="SequentialSampler")
    assert first_cause(RUN, observed) == (
        "the data loader is set otherwise: other batches, or another order",
        ("data.sampler: recorded RandomSampler, here SequentialSampler",),
    )


def test_another_sampler_draws_otherwise_which_is_told_once() -> None:
    observed = altered(RUN, 0, data="x", random={"torch": "x"})
    assert len(whats(RUN, with_settings(observed, data_sampler="SequentialSampler"))) == 1
    assert whats(RUN, observed) == ["other random numbers were drawn before the first step"]


def test_a_loader_that_shuffles_nothing_gives_other_samples() -> None:
    recorded = with_settings(RUN, data_sampler="SequentialSampler")
    assert first_cause(recorded, altered(recorded, 2, data="x")) == (
        "the data set gives other samples in the same places",
        ("the loader is set as recorded and shuffles nothing (SequentialSampler)",),
    )
    reordered = altered(altered(recorded, 1, data=seen(2).data), 2, data=seen(1).data)
    assert whats(recorded, reordered) == ["the same data come in another order"]


def test_another_number_of_batches_in_a_step_is_named() -> None:
    observed = altered(RUN, 2, data="x", events="ZFBFBUCS")
    assert first_cause(RUN, observed) == (
        "a step takes another number of batches",
        ("forward passes in step 2: recorded 1, here 2",),
    )


def test_a_step_that_never_calls_the_outermost_model_is_named() -> None:
    observed = altered(RUN, 2, data="x", events="ZBUCS")
    assert first_cause(RUN, observed) == (
        "the forward pass goes past the outermost model here",
        ("calls of the outermost model in step 2: recorded 1, here 0",),
    )
    assert first_cause(observed, altered(RUN, 2, data="y"))[0] == "the record goes past the model"


def test_compiled_code_may_call_the_model_unseen() -> None:
    observed = altered(RUN, 2, data="x", events="ZBUCS")
    assert whats(RUN, replace(observed, in_force={**RUN.in_force, "compiled": True})) == []


def test_the_same_samples_within_a_batch_are_another_order() -> None:
    observed = altered(RUN, 2, data=f"x.{102 + 1:016x}")
    assert first_cause(RUN, observed) == (
        "the same data come in another order",
        ("the samples of step 2 are those recorded, in another order",),
    )


def test_the_same_samples_over_steps_are_another_order() -> None:
    observed = altered(altered(RUN, 1, data=f"x.{50:016x}"), 2, data=f"y.{102 + 103 - 50:016x}")
    assert first_cause(RUN, observed)[1] == ("the samples of the steps 1 to 2 are those recorded, in another order",)


def test_the_same_batches_in_other_steps_are_another_order() -> None:
    observed = altered(altered(RUN, 1, data=seen(2).data), 2, data=seen(1).data)
    assert first_cause(RUN, observed)[1] == ("the recorded batch of step 1 comes in step 2 here",)


def test_batches_that_go_to_another_rank_are_another_order() -> None:
    left, right = PAIR.steps[1][0].data, PAIR.steps[1][1].data
    observed = altered(altered(PAIR, 1, 0, data=right), 1, 1, data=left)
    assert first_cause(PAIR, observed)[1] == ("rank 0 gets the batch that rank 1 got in the record",)


def test_samples_that_never_add_up_are_others() -> None:
    observed = altered(RUN, 1, data=f"x.{50:016x}")
    assert first_cause(RUN, observed) == (
        "the samples themselves are others, not only their order",
        ("from step 1 to 3 they do not add up to those recorded, in any order",),
    )


@pytest.mark.parametrize("data", ["x", "x.", "x.nothing"])
def test_a_record_without_the_samples_says_nothing_of_their_order(data: str) -> None:
    assert whats(RUN, altered(RUN, 1, data=data)) == []


def test_other_draws_before_a_batch_are_named() -> None:
    observed = altered(RUN, 2, data="x", random={"torch": "x"})
    assert first_cause(RUN, observed) == (
        "other random numbers were drawn in step 1",
        ("the generator `torch` is in the recorded state before step 1, and in another before step 2",),
    )


# random


def test_a_state_that_was_not_restored_on_resume_is_named() -> None:
    recorded = with_settings(RUN, 2, **{"1_state": "x"})
    recorded = on_all_ranks(recorded, 2, settings={"0.state": "step 2"})
    observed = with_other_loss(recorded, random={"torch": "x"})
    assert first_cause(recorded, observed) == (
        "the state of the random generators was not restored on resume",
        (
            "the optimizer that makes step 2 continues a run (step 2)",
            "the generator `torch` is in another state than recorded before step 2",
        ),
    )


def test_an_optimizer_that_starts_empty_resumes_nothing() -> None:
    recorded = on_all_ranks(RUN, 2, settings={"0.state": "empty"})
    observed = with_other_loss(recorded, random={"torch": "x"})
    assert whats(recorded, observed) == ["other random numbers were drawn in step 1"]


# forward


def seen_modules() -> tuple[tuple[str, str], ...]:
    assert RUN.program is not None
    return RUN.program.modules


def with_module(path: str, text: str) -> Run:
    return with_program(RUN, modules=tuple((name, text if name == path else told) for name, told in seen_modules()))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("body", "LayerNorm((2,), eps=1e-06)"),
        ("drop", "Dropout(p=0.0, inplace=False)"),
        ("head", "GELU(approximate='tanh')"),
    ],
)
def test_a_module_that_is_built_otherwise_is_named(path: str, text: str) -> None:
    what, (fact,) = first_cause(RUN, with_other_loss(with_module(path, text), 0))
    assert what == "the model is built otherwise"
    assert fact == f"`{path}`: recorded {dict(seen_modules())[path]}, here {text}"


def test_a_module_elsewhere_cannot_have_given_what_differs() -> None:
    recorded = altered(RUN, 0, outputs=OUTPUTS)
    observed = with_module("head", "Linear(in_features=2, out_features=2)")
    observed = altered(with_other_loss(observed, 0), 0, outputs=(("body", f"{'9' * 16}:{ONE}"), OUTPUTS[1]))
    assert whats(recorded, observed) == []


def test_modules_in_evaluation_mode_are_told_as_such() -> None:
    observed = with_other_loss(with_module("drop", "Dropout(p=0.1, inplace=False) (eval)"), 0)
    assert whats(RUN, observed)[0] == (
        "modules are in another mode: training there, evaluation here, or the other way round"
    )


def test_settings_of_an_optimizer_that_evaluates_its_closure_again_are_named() -> None:
    recorded = with_settings(RUN, lr_0="0.8")
    observed = with_other_loss(with_settings(RUN, lr_0="0.81"), events="SZFBZFBZFB")
    assert first_cause(recorded, observed)[0] == "the optimizer has other settings: learning rate"
    once = with_other_loss(with_settings(RUN, lr_0="0.81"), events="ZFBFBS")
    assert not any("optimizer" in what for what in whats(recorded, once))


def test_a_closure_that_sets_no_gradients_to_zero_shows_in_the_forward_pass() -> None:
    recorded = altered(RUN, 2, events="SZFBZFB")
    assert whats(recorded, with_other_loss(recorded, events="SFBFB")) == [
        "gradients were not set to zero: those of earlier steps are in them"
    ]
    assert whats(RUN, with_other_loss(RUN, events="FBUCS")) == []


def test_another_format_of_autocast_is_named() -> None:
    recorded, observed = with_settings(RUN, autocast="cpu float16"), with_settings(RUN, autocast="cpu bfloat16")
    assert first_cause(recorded, with_other_loss(observed)) == (
        "autocast computes in another format",
        ("autocast: recorded cpu float16, here cpu bfloat16",),
    )


def test_autocast_that_a_record_does_not_tell_shows_nothing() -> None:
    assert whats(RUN, with_other_loss(with_settings(RUN, autocast="off"))) == []


def test_a_forward_pass_that_draws_nothing_has_its_dropout_off() -> None:
    observed = altered(with_other_loss(RUN), 3, random={"torch": f"{2:016x}"})
    assert first_cause(RUN, observed) == (
        "dropout, or what else draws random numbers, is off here",
        ("from step 2 to 3 the generator `torch` moves on in the record, and stands still here",),
    )


def test_a_forward_pass_that_draws_only_here_has_its_dropout_on() -> None:
    recorded = altered(RUN, 3, random={"torch": f"{2:016x}"})
    observed = with_other_loss(RUN)
    assert whats(recorded, observed) == ["dropout, or what else draws random numbers, is on here"]


def test_forward_passes_that_draw_on_both_sides_rule_it_out() -> None:
    assert "both runs draw random numbers in this step" in ruled_out(RUN, with_other_loss(RUN))
    quiet = altered(RUN, 3, random={"torch": f"{2:016x}"})
    assert "no run draws random numbers in this step" in ruled_out(quiet, with_other_loss(quiet))
    assert not any("draw" in text for text in ruled_out(RUN, with_other_loss(RUN, 3)))


def test_statistics_that_stand_still_are_named() -> None:
    stale = (*seen().parameters[:2], seen(1).parameters[2])
    assert first_cause(RUN, altered(RUN, 2, parameters=stale)) == (
        "running statistics (buffers) stand still on one side",
        ("`body.running_mean` changes in step 2 in the record, and stands still here",),
    )


def test_statistics_that_move_on_both_sides_do_not_stand_still() -> None:
    assert whats(RUN, altered(RUN, 2, parameters=other(seen().parameters, 2))) == []


def test_equal_outputs_and_another_loss_lie_in_the_loss() -> None:
    recorded = altered(RUN, 2, outputs=OUTPUTS)
    assert first_cause(recorded, with_other_loss(recorded)) == (
        "the loss is computed otherwise from equal outputs",
        ("all 2 modules that ran gave the same, and the loss differs",),
    )


@pytest.mark.parametrize(
    ("loss", "fact"),
    [("0x1.2p+3", "the loss is 4 times the recorded one"), ("0x1.2p+0", "the loss is 1/2 of the recorded one")],
)
def test_a_loss_that_is_a_whole_multiple_is_divided_otherwise(loss: str, fact: str) -> None:
    assert first_cause(RUN, with_other_loss(RUN, loss=loss))[1] == (fact,)


@pytest.mark.parametrize("loss", ["0x1.3p+3", "nan", "inf", "0x0p+0", "-0x1.2p+3"])
def test_a_loss_that_is_no_whole_multiple_shows_nothing(loss: str) -> None:
    assert whats(RUN, with_other_loss(RUN, loss=loss)) == []


def test_a_whole_multiple_of_equal_outputs_is_told_once() -> None:
    recorded = altered(RUN, 2, outputs=OUTPUTS)
    (what,) = whats(recorded, with_other_loss(recorded, loss="0x1.2p+3"))
    assert what.startswith("the loss is divided by another number")


def outputs(*words: str) -> tuple[tuple[str, str], ...]:
    return (OUTPUTS[0], ("head", f"{'3' * 16}:{'.'.join(words)}"))


def test_code_that_is_no_module_is_told_by_the_modules_around_it() -> None:
    recorded = altered(RUN, 2, outputs=outputs("3f800000", "3f000000"))
    observed = with_other_loss(recorded, outputs=outputs("3f880000", "3f000000"))
    assert first_cause(recorded, observed) == (
        "the forward pass computes otherwise after `body`, up to the output of `head`",
        (
            "`head` is the first module whose output differs, by more than rounding; "
            "the 1 that ended before it gave the recorded bits",
        ),
    )


def test_another_module_that_runs_next_is_named() -> None:
    recorded = altered(RUN, 2, outputs=OUTPUTS)
    observed = with_other_loss(recorded, outputs=(OUTPUTS[0], ("drop", OUTPUTS[1][1])))
    assert first_cause(recorded, observed) == (
        "the forward pass calls other modules after `body`",
        ("the next output is that of `head` in the record, and that of `drop` here",),
    )


@pytest.mark.parametrize("others", [(("drop", OUTPUTS[0][1]),), OUTPUTS[:1]])
def test_other_modules_that_give_equal_numbers_are_no_difference(others: tuple[tuple[str, str], ...]) -> None:
    recorded = altered(RUN, 2, outputs=OUTPUTS)
    assert first_divergence(recorded, altered(recorded, 2, outputs=others)) is None


@pytest.mark.parametrize(
    ("recorded", "observed"),
    [(outputs("3f800000"), outputs("3f800010")), (outputs("3f80"), outputs("3f90")), ((), ())],
)
def test_a_difference_as_small_as_rounding_or_unknown_is_no_other_code(
    recorded: tuple[tuple[str, str], ...], observed: tuple[tuple[str, str], ...]
) -> None:
    run = altered(RUN, 2, outputs=recorded)
    assert whats(run, with_other_loss(run, outputs=observed)) == []


def test_code_is_named_only_where_nothing_else_explains_the_output() -> None:
    recorded = with_settings(altered(RUN, 2, outputs=outputs("3f800000")), autocast="off")
    observed = with_settings(with_other_loss(recorded, outputs=outputs("3f880000")), autocast="cpu bfloat16")
    assert whats(recorded, observed) == ["autocast computes in another format"]


def test_outputs_with_few_bits_are_rounded() -> None:
    eight = ".".join(["3f812345"] * 8)
    recorded = altered(RUN, 2, outputs=(("head", f"{'2' * 16}:{eight}"),))
    cut = ".".join(["3f812000"] * 8)
    observed = with_other_loss(recorded, outputs=(("head", f"{'3' * 16}:{cut}"),))
    assert first_cause(recorded, observed) == (
        "outputs of `head` are rounded to a shorter format here, such as bfloat16 or TF32",
        ("100% of the sampled elements of outputs of `head` end in 10 or more zero bits, 0% in the record",),
    )


def test_outputs_with_all_their_bits_are_not_rounded() -> None:
    eight, others = ".".join(["3f812345"] * 8), ".".join(["3f812347"] * 8)
    recorded = altered(RUN, 2, outputs=(("head", f"{'2' * 16}:{eight}"),))
    observed = with_other_loss(recorded, outputs=(("head", f"{'3' * 16}:{others}"),))
    assert "outputs of `head` have as many significant bits as recorded" in ruled_out(recorded, observed)


# scale, unscale, backward, all-reduce, clip


def test_another_first_loss_scale_is_named() -> None:
    observed = altered(RUN, 0, loss_scale="0x1.0p+0")
    assert first_cause(RUN, observed) == ("the loss is scaled otherwise", ("loss scale: recorded 1024, here 1",))


def test_gradients_that_are_clipped_before_they_are_unscaled_are_named() -> None:
    observed = with_other_gradients(RUN, events="ZFBCUS", norm="0x1.2p+10")
    what, facts = first_cause(RUN, observed)
    assert what == "gradients are clipped before they are unscaled"
    assert facts == (
        "step 2 recorded: gradients set to zero, forward pass, backward pass, gradients unscaled, gradients clipped, "
        "optimizer step",
        "step 2 here: gradients set to zero, forward pass, backward pass, gradients clipped, gradients unscaled, "
        "optimizer step",
        "gradient norm: 1024 times the recorded one",
        "loss scale: 1024",
    )


def test_gradients_that_nobody_unscales_are_used_as_they_are() -> None:
    recorded = altered(RUN, 2, events="ZFBUS")
    observed = with_other_gradients(recorded, events="ZFBS", norm="nan")
    assert whats(recorded, observed)[0] == "gradients are used before they are unscaled"


def test_a_norm_that_is_scaled_without_another_order_of_events_names_nothing_missing() -> None:
    assert "unscaled" not in " ".join(whats(RUN, with_other_gradients(RUN, norm="0x1.2p+10")))


def test_gradients_that_were_not_set_to_zero_are_named() -> None:
    what, facts = first_cause(RUN, with_other_gradients(RUN, events="FBUCS"))
    assert what == "gradients were not set to zero: those of earlier steps are in them"
    assert facts[1] == "step 2 here: forward pass, backward pass, gradients unscaled, gradients clipped, optimizer step"


def test_gradients_that_were_set_to_zero_rule_it_out() -> None:
    assert "gradients set to zero in this step, as recorded" in ruled_out(RUN, with_other_gradients(RUN))
    never = altered(RUN, 2, events="FBUCS")
    assert not any("set to zero" in text for text in ruled_out(never, with_other_gradients(never, events="FBUCS")))


def test_a_dropped_all_reduce_is_named() -> None:
    observed = altered(PAIR, 2, 1, gradients=other(seen().gradients, 0))
    assert first_cause(PAIR, observed) == (
        "gradients were not synchronised between the ranks",
        ("step 2: one gradient on all ranks in the record, several here",),
    )


def test_a_model_outside_ddp_is_evidence_of_it() -> None:
    recorded = with_program(PAIR, ddp={"bucket_cap_mb": "25"})
    observed = with_program(altered(PAIR, 2, 1, gradients=other(seen().gradients, 0)), ddp={})
    assert first_cause(recorded, observed)[1][1] == (
        "the recorded model was inside DistributedDataParallel, this one is not"
    )


def of_ranks(norm: str, **ddp: str) -> tuple[Run, Run]:
    """Return two ranks whose own gradients are equal, and here their sum is another."""
    recorded = on_all_ranks(with_program(PAIR, ddp={"bucket_cap_mb": "25"}), 2, local="a" * 16)
    observed = with_program(with_other_gradients(recorded, norm=norm), ddp={"bucket_cap_mb": "25", **ddp})
    return recorded, observed


def test_a_sum_in_the_place_of_a_mean_is_named() -> None:
    assert first_cause(*of_ranks("0x1.2p+1")) == (
        "gradients are summed over the ranks, not averaged",
        ("they are 2 times as large as recorded, on 2 ranks",),
    )


def test_a_mean_of_a_mean_is_named() -> None:
    assert first_cause(*of_ranks("0x1.2p-1"))[0] == "gradients are averaged twice over the ranks"


def test_gradients_that_are_a_little_larger_are_no_sum() -> None:
    recorded, observed = of_ranks("0x1.21p+1")
    assert whats(recorded, observed) == []
    assert ruled_out(recorded, observed) == (
        "gradients set to zero in this step, as recorded",
        "gradients are not the number of ranks times as large",
        "DistributedDataParallel has the recorded arguments",
    )


def test_other_buckets_are_named() -> None:
    what, facts = first_cause(*of_ranks("0x1.21p+0", bucket_cap_mb="1", comm_hook="bf16_compress_hook"))
    assert what.startswith("DistributedDataParallel is built otherwise")
    assert facts == (
        "bucket_cap_mb: recorded 25, here 1",
        "comm_hook: recorded not there, here bf16_compress_hook",
    )


def test_gradients_with_few_bits_were_rounded() -> None:
    full = {0: ".".join(["3f812345"] * 4), 1: ".".join(["bf812345"] * 4)}
    short = {0: ".".join(["3f810000"] * 4), 1: ".".join(["bf810000"] * 4)}
    recorded = altered(RUN, 2, events="ZFBS", gradients=sampled(seen().gradients, full))
    observed = altered(recorded, 2, gradients=sampled(seen().gradients, short, "d"), gradient_norm="0x1.3p+0")
    assert first_cause(recorded, observed)[0] == (
        "gradients are rounded to a shorter format here, such as bfloat16 or TF32"
    )
    assert whats(observed, recorded) == []


def test_gradients_of_one_optimizer_that_were_not_set_to_zero_are_named() -> None:
    recorded = altered(RUN, 2, events="ZZFBUCS")
    what, facts = first_cause(recorded, with_other_gradients(recorded, events="ZFBUCS"))
    assert what == "gradients of some parameters were not set to zero: those of earlier steps are in them"
    assert facts[1].startswith("step 2 here: gradients set to zero, forward pass")
    more = with_other_gradients(recorded, events="ZZZFBUCS")
    assert not any("not set to zero" in what for what in whats(recorded, more))


def test_overflowed_gradients_that_are_not_clipped_lie_in_the_clip() -> None:
    nans, infinities = ("7fc00000." * 8)[:-1], ("7f800000." * 8)[:-1]
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: nans}), gradient_norm="inf")
    observed = altered(
        recorded, 2, gradients=sampled(seen().gradients, {0: infinities}, "d"), gradient_norm="inf", events="ZFBUS"
    )
    assert case_of(recorded, observed).found.phase == "clip"
    assert whats(recorded, observed)[0] == "gradients are clipped in the record and not here"
    finite = altered(observed, 2, gradient_norm="0x1.2p+0")
    assert case_of(recorded, finite).found.phase == "backward"


def test_infinite_gradients_are_not_rounded() -> None:
    full, infinities = ("3f812345." * 8)[:-1], ("7f800000." * 8)[:-1]
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: full}))
    observed = altered(recorded, 2, gradients=sampled(seen().gradients, {0: infinities}, "d"))
    assert not any("rounded" in what for what in whats(recorded, observed))


def test_few_samples_show_no_rounding() -> None:
    recorded = altered(RUN, 2, gradients=sampled(seen().gradients, {0: "3f812345"}))
    observed = altered(recorded, 2, gradients=sampled(seen().gradients, {0: "3f810000"}, "d"), gradient_norm="0x1.3p+0")
    assert whats(recorded, observed) == []


def test_clipping_that_is_missing_is_named() -> None:
    observed = with_other_gradients(RUN, events="ZFBUS", norm="0x1.2p+0")
    assert whats(RUN, observed)[0] == "gradients are clipped in the record and not here"
    assert whats(observed, RUN)[0] == "gradients are clipped here, not in the record"


def test_another_bound_of_clipping_is_named() -> None:
    observed = with_settings(with_other_gradients(RUN, norm="0x1.2p+0"), clip_norm="0.5 2.0")
    assert first_cause(RUN, observed) == (
        "gradients are clipped to another size",
        ("clip.norm: recorded 1.0 2.0, here 0.5 2.0",),
    )


def test_equal_clipping_is_ruled_out() -> None:
    assert "gradients are clipped as recorded" in ruled_out(RUN, altered(RUN, 2, gradient_norm="0x1.3p+0"))


# optimizer


@pytest.mark.parametrize(
    ("name", "value", "words", "fact"),
    [
        ("0.lr", "0.001001", "learning rate", "0.lr: recorded 0.001, here 0.001001 (1.001 times)"),
        ("0.lr", "0.00101", "learning rate", "0.lr: recorded 0.001, here 0.00101 (1.01 times)"),
        ("0.weight_decay", "0.02", "weight_decay", "0.weight_decay: recorded 0.01, here 0.02 (2 times)"),
        ("0.betas", "(0.9, 0.95)", "betas", "0.betas: recorded (0.9, 0.999), here (0.9, 0.95)"),
        ("0.eps", "1e-06", "eps", "0.eps: recorded 1e-08, here 1e-06 (100 times)"),
        ("0.momentum", "0.9", "momentum", "0.momentum: recorded not there, here 0.9"),
    ],
)
def test_a_setting_of_the_optimizer_is_named(name: str, value: str, words: str, fact: str) -> None:
    observed = on_all_ranks(with_other_values(RUN), 0, settings={**SETTINGS, name: value})
    assert first_cause(RUN, observed) == (f"the optimizer has other settings: {words}", (fact,))


def test_the_rate_that_a_schedule_starts_from_is_not_told_beside_the_rate() -> None:
    recorded = on_all_ranks(RUN, 0, settings={"0.lr": "0.001", "0.initial_lr": "0.01"})
    observed = on_all_ranks(with_other_values(RUN), 0, settings={"0.lr": "0.002", "0.initial_lr": "0.02"})
    assert first_cause(recorded, observed)[1] == ("0.lr: recorded 0.001, here 0.002 (2 times)",)


def test_equal_settings_are_ruled_out() -> None:
    assert ruled_out(RUN, with_other_values(RUN)) == (
        "the optimizer is AdamW, as recorded",
        "the optimizer starts from the recorded state",
        "the settings of the optimizer are as recorded",
        "the loss scale is the recorded one",
    )


def shifted(by: int) -> Run:
    observed = with_other_values(RUN)
    for number in range(4):
        rate = RATES[min(max(number + by, 0), 3)]
        observed = altered(observed, number, learning_rate=rate, settings={"0.lr": str(number + by)})
    return observed


@pytest.mark.parametrize(("by", "words", "which"), [(1, "ahead", "after"), (-1, "behind", "before")])
def test_a_schedule_that_is_off_by_one_is_named(by: int, words: str, which: str) -> None:
    recorded = RUN
    for number in range(4):
        recorded = altered(recorded, number, settings={"0.lr": str(number)})
    assert [(cause.what, cause.evidence) for cause in causes_of(recorded, shifted(by))] == [
        (
            f"the learning-rate schedule runs one step {words}",
            (f"each learning rate here is the recorded one of the step {which}",),
        )
    ]


def test_a_constant_rate_is_no_schedule() -> None:
    recorded, observed = RUN, with_other_values(RUN)
    for number in range(4):
        recorded = altered(recorded, number, learning_rate=RATES[0])
        observed = altered(observed, number, learning_rate=RATES[1])
    assert whats(recorded, observed) == []


def test_rates_that_are_twice_as_large_are_not_shifted() -> None:
    observed = with_other_values(RUN)
    for number in range(4):
        observed = altered(observed, number, learning_rate=RATES[number].replace("p-10", "p-9"))
    assert whats(RUN, observed) == []


def test_another_optimizer_is_named() -> None:
    observed = with_program(with_other_values(RUN), optimizers=("Adam",))
    assert first_cause(RUN, observed)[1] == ("optimizers in the order of their first steps: recorded AdamW, here Adam",)


def test_an_optimizer_without_its_state_is_named() -> None:
    recorded = on_all_ranks(RUN, 0, settings={"0.state": "step 120"})
    observed = on_all_ranks(with_other_values(RUN), 0, settings={"0.state": "empty"})
    assert first_cause(recorded, observed) == (
        "the state of the optimizer was not restored on resume",
        ("state at the first step: recorded step 120, here empty",),
    )
    assert whats(observed, recorded)[0] == "another optimizer state"


def test_a_step_that_was_left_out_is_named() -> None:
    assert first_cause(RUN, altered(RUN, 2, skipped=True)) == (
        "the step was left out here because a gradient overflowed",
        ("step 2 was skipped by GradScaler here alone",),
    )


# parameters, end, settings of torch, unknown


def test_parameters_that_were_changed_between_steps_are_named_with_the_bit() -> None:
    case = case_of(RUN, with_other_loss(RUN, before={"head.weight": f"{'f' * 16}:3f900000"}))
    moved = replace(case, found=replace(case.found, phase="parameters"))
    was = altered(case.observed, 1, parameters=sampled(seen(1).parameters, {1: ONE}))
    (cause,), _ = watched_causes(replace(moved, observed=was))
    assert (
        cause.what == "parameters were changed between step 1 and step 2: a flipped bit, or code beside the optimizer"
    )
    assert cause.evidence == (
        "`head.weight` was changed between step 1 and step 2, not by the optimizer; one sampled element differs, in "
        "bit 20 alone",
    )


def test_parameters_that_are_changed_in_the_record_too_are_no_cause() -> None:
    recorded = altered(RUN, 2, before={"head.weight": "f" * 16 + ":"})
    case = case_of(recorded, with_other_loss(recorded, before={"head.weight": "e" * 16 + ":"}))
    assert watched_causes(replace(case, found=replace(case.found, phase="parameters"))) == ((), ())


def test_a_parameter_that_nobody_knows_has_no_bit() -> None:
    case = case_of(RUN, with_other_loss(RUN, 0, before={"lost": "f" * 16 + ":"}))
    (cause,), _ = watched_causes(replace(case, found=replace(case.found, phase="parameters")))
    assert cause.evidence == ("`lost` was changed before the first step, not by the optimizer",)


def test_a_rerun_that_did_not_come_to_its_end_is_told() -> None:
    broken = with_program(training(steps=2), complete=False)
    assert first_cause(RUN, broken) == ("the rerun did not come to its end", ("it ended after 2 of 4 steps",))
    assert first_cause(broken, RUN)[0] == "the recorded run did not come to its end"


def test_a_whole_run_of_another_length_is_told() -> None:
    assert first_cause(RUN, training(steps=2)) == (
        "the run is of another length; all common steps are equal",
        ("optimizer steps: recorded 4, here 2",),
    )


def test_determinism_that_is_set_otherwise_is_named() -> None:
    observed = replace(with_other_loss(RUN), in_force={**RUN.in_force, "deterministic_algorithms": True})
    assert first_cause(RUN, observed) == (
        "deterministic algorithms are set otherwise",
        ("deterministic_algorithms: recorded False, here True",),
    )


def test_a_model_that_is_compiled_on_one_side_only_is_named() -> None:
    recorded = replace(RUN, in_force={**RUN.in_force, "compiled": True})
    observed = replace(with_other_gradients(RUN), in_force={**RUN.in_force, "compiled": False})
    assert first_cause(recorded, observed) == (
        "the model is compiled on one side only",
        ("compiled: recorded True, here False",),
    )


def with_switch(run: Run, name: str, value: object) -> Run:
    return with_program(run, switches={name: {"value": value, "origin": "code"}})


def test_a_switch_that_can_touch_the_phase_is_named() -> None:
    recorded = with_switch(RUN, "flush-denormal", False)
    observed = with_switch(with_other_loss(RUN), "flush-denormal", True)
    assert first_cause(recorded, observed) == (
        "other numeric switches in the program",
        ("flush-denormal: recorded off, here on",),
    )


def test_a_switch_that_repeats_what_is_in_force_is_not_told_twice() -> None:
    recorded = with_switch(RUN, "deterministic-algorithms", False)
    observed = with_switch(with_other_loss(RUN), "deterministic-algorithms", True)
    observed = replace(observed, in_force={**RUN.in_force, "deterministic_algorithms": True})
    assert whats(recorded, observed) == ["deterministic algorithms are set otherwise"]
    assert "no numeric switch differs" not in ruled_out(recorded, observed)


def test_a_switch_of_threads_where_those_in_force_are_equal_is_told() -> None:
    recorded = with_switch(RUN, "threads", 2)
    assert whats(recorded, with_switch(with_other_loss(RUN), "threads", 4)) == ["other numeric switches in the program"]


def test_a_switch_that_cannot_touch_the_phase_is_ruled_out() -> None:
    recorded = with_switch(RUN, "flush-denormal", False)
    observed = with_switch(altered(RUN, 2, data="x"), "flush-denormal", True)
    assert whats(recorded, observed) == []
    assert ruled_out(recorded, observed)[-1] == (
        "no numeric switch differs that can touch this phase (flush-denormal cannot)"
    )


def test_equal_switches_are_ruled_out() -> None:
    recorded = with_switch(RUN, "flush-denormal", False)
    assert ruled_out(recorded, with_other_loss(recorded))[-1] == "no numeric switch differs"


@pytest.mark.parametrize(
    ("relative", "words"),
    [
        ("1.2e-07", "no more than another order of float32 additions or another kernel makes"),
        (
            "5.0e-04 of the loss",
            "as much as inputs of ten or eleven bits make (TF32, float16), and more than an order of sums does",
        ),
        ("4.0e-03", "as much as bfloat16 makes, and more than an order of float32 sums does"),
        ("0.5", "more than rounding makes in one step"),
    ],
)
def test_an_unknown_cause_says_how_large_the_difference_is_and_what_was_ruled_out(relative: str, words: str) -> None:
    found = replace(case_of(RUN, with_other_loss(RUN)).found, relative=relative)
    cause = unknown_cause(found, ("the seed",))
    assert cause.what == "unknown: nothing that was noted explains why the loss differs"
    assert cause.evidence == (f"a relative difference of {relative}: {words}", "ruled out: the seed")


def test_an_unknown_cause_of_unknown_size_says_what_was_ruled_out() -> None:
    found = replace(case_of(RUN, with_other_loss(RUN)).found, relative="")
    assert unknown_cause(found, ()).evidence == ()


def test_a_value_that_alone_differs_after_equal_gradients_was_changed_by_somebody() -> None:
    observed = altered(RUN, 2, parameters=other(seen().parameters, 1))
    assert first_cause(RUN, observed) == (
        "the values of `head.weight` alone were changed: a flipped bit, or code beside the optimizer",
        ("1 of 3 tensors differs after step 2, its gradients do not",),
    )


def test_settings_explain_a_value_that_alone_differs() -> None:
    observed = on_all_ranks(
        altered(RUN, 0, parameters=other(seen(0).parameters, 1)), 0, settings={**SETTINGS, "0.eps": "1"}
    )
    assert whats(RUN, observed) == ["the optimizer has other settings: eps"]

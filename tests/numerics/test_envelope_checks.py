from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reprocheck.errors import UsageError
from reprocheck.model.envelopes import Envelope, grade_of
from reprocheck.model.operations import OperationDigest, RunOperations
from reprocheck.model.predictions import Prediction, RunPrediction
from reprocheck.model.records import Record, Run
from reprocheck.model.step_notes import StepNotes, WatchedProgram
from reprocheck.model.verdicts import Check
from reprocheck.numerics.comparison import compare_runs
from reprocheck.numerics.drills import Drills
from reprocheck.numerics.envelope_checks import held_against_envelopes
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.world_sizes import runs_on
from tests.numerics.conftest import STEP, TENSORS

LIMIT = 2.0**-20
SKETCHES = ((1.0, 0.0), (3.0, 4.0))
EXP = "aten.exp.default(fp32[2]~4)"
OTHER = f"{'9' * 16}:"
SAME, DIFFERS = (RunPrediction(name="transformer:fp32:2", outcome=outcome) for outcome in ("identical", "differs"))


def sketched(run: Run, *, borders: tuple[int, ...] = ()) -> Run:
    """Return the run with an envelope of 2^-20 in every step, and sketches of its two gradients."""
    steps = tuple(tuple(replace(rank, sketches=SKETCHES) for rank in ranks) for ranks in run.steps)
    grades = tuple((grade_of(LIMIT),) * 4 for _ in steps)
    return replace(run, steps=steps, envelope=Envelope(members=8, grades=grades, borders=borders))


def with_step(run: Run, number: int, **fields: object) -> Run:
    """Return the run with other fields in one step of all ranks, as an equal arithmetic has them."""
    steps = list(run.steps)
    steps[number] = tuple(replace(rank, **fields) for rank in steps[number])  # type: ignore[arg-type]
    return replace(run, steps=tuple(steps), envelope=None)


def other_loss(run: Run, envelopes: float, number: int = 1) -> Run:
    """Return the run with a loss that lies so many envelopes away."""
    return with_step(run, number, loss=(3.0 * (1 + envelopes * LIMIT)).hex())


def judged(
    recorded: Run, observed: Run, predicted: RunPrediction | None = None, *, is_same_place: bool = True
) -> Check:
    checks = (compare_runs(recorded, observed),)
    prediction = Prediction(runs=(predicted,) if predicted else ())
    (check,) = held_against_envelopes(((recorded,), (observed,)), checks, prediction, is_same_place=is_same_place)
    return check


@pytest.mark.parametrize(
    ("envelopes", "status", "answer", "ratio"),
    [(2, "pass", "yes", "2.00"), (4, "review", "yes, for review", "4.00"), (6, "fail", "no", "6.00")],
)
def test_a_ratio_up_to_three_passes_up_to_five_is_for_review_and_beyond_fails(
    run: Run, envelopes: float, status: str, answer: str, ratio: str
) -> None:
    check = judged(sketched(run), other_loss(sketched(run), envelopes))
    detail = f"bitwise: no, from step 1 on; reproduced: {answer}, R = {ratio} of 5, worst: loss at step 1"
    assert (check.status, check.detail, check.ratio) == (status, detail, ratio)


def test_what_was_predicted_is_told(run: Run) -> None:
    check = judged(sketched(run), other_loss(sketched(run), 2), replace(DIFFERS, operations=(EXP,)))
    assert check.detail.startswith("bitwise: no, as predicted: 1 operation differs (exp fp32); reproduced: yes, R = ")


def test_many_operations_are_counted_and_the_first_named(run: Run) -> None:
    names = tuple(f"aten.{name}.default(fp32[2]~4)" for name in ("exp", "log", "sin", "cos"))
    check = judged(sketched(run), other_loss(sketched(run), 2), replace(DIFFERS, operations=names))
    assert "4 operations differ (exp fp32, log fp32, sin fp32, …)" in check.detail


def test_where_the_recorded_bits_were_promised_no_envelope_excuses_others(run: Run) -> None:
    check = judged(sketched(run), other_loss(sketched(run), 0.5), SAME)
    assert (check.status, check.ratio) == ("fail", "")
    assert check.detail == (
        "differs from step 1 on: forward, though all operations give the recorded bits here: no envelope excuses that"
    )


def test_equal_bits_need_no_envelope(run: Run) -> None:
    check = judged(sketched(run), sketched(run))
    assert (check.status, check.detail, check.ratio) == ("pass", "2 steps bitwise on 2 ranks", "")


def test_without_an_envelope_other_bits_fail(run: Run) -> None:
    recorded = replace(sketched(run), envelope=None)
    check = judged(recorded, other_loss(recorded, 0.5))
    assert (check.status, check.detail) == ("fail", "differs from step 1 on: forward")


def test_without_sketches_here_other_bits_fail(run: Run) -> None:
    check = judged(sketched(run), other_loss(run, 0.5))
    assert (check.status, check.ratio) == ("fail", "")


def test_parameters_have_no_say(run: Run) -> None:
    marks = (OTHER, *STEP.parameters[1:])
    check = judged(sketched(run), with_step(sketched(run), 1, parameters=marks))
    assert (check.status, check.ratio) == ("pass", "0.00")


def test_a_gradient_beyond_is_named_with_its_tensor(run: Run) -> None:
    far = ((1.0, 0.0), (3.0, 4.0 + 5 * 100 * LIMIT))
    check = judged(sketched(run), with_step(sketched(run), 0, gradients=(OTHER, OTHER), sketches=far))
    assert check.detail == (
        "bitwise: no, from step 0 on; reproduced: no, R = 100 of 5, worst: gradient of `last.bias` at step 0"
    )
    first = check.first_divergence
    assert first is not None
    assert (first.step, first.phase, first.tensor) == (0, "backward", TENSORS[1].name)
    assert first.quantity == "gradient of `last.bias`, beyond the envelope,"
    assert (first.recorded, first.observed) == ("honest reruns are up to 9.5e-07 away, relative", "9.5e-05 away")


def test_the_first_step_beyond_is_told_beside_the_worst(run: Run) -> None:
    check = judged(sketched(run), other_loss(other_loss(sketched(run), 6, 0), 60, 1))
    assert check.detail.endswith("R = 60.00 of 5, worst: loss at step 1, first beyond: loss at step 0")
    assert check.first_divergence is not None
    assert (check.first_divergence.step, check.first_divergence.phase) == (0, "forward")


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"data": "e" * 32}, "digest of the batch"),
        ({"learning_rate": "0x1.0000000000001p-8"}, "learning rate"),
        ({"skipped": True}, "optimizer step"),
        ({"loss_scale": "0x1.0000000000000p+1"}, "loss scale"),
    ],
)
def test_what_no_platform_may_change_is_compared_exactly(run: Run, fields: dict[str, object], quantity: str) -> None:
    check = judged(sketched(run), other_loss(with_step(sketched(run), 1, **fields), 0.5, 0))
    assert (check.status, check.detail) == ("fail", f"differs at step 1 in what no platform may change: {quantity}")
    assert check.first_divergence is not None
    assert (check.first_divergence.step, check.first_divergence.quantity) == (1, quantity)


def test_other_first_weights_are_no_noise(run: Run) -> None:
    start = (OTHER, *STEP.parameters[1:])
    check = judged(sketched(run), replace(sketched(run), initial=(start, start)))
    assert (check.status, check.detail) == (
        "fail",
        "differs at step 0 in what no platform may change: first value of `first.weight`",
    )


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_not_finite_never_lies_within(run: Run, value: str) -> None:
    check = judged(sketched(run), with_step(sketched(run), 1, loss=value))
    assert (check.status, check.ratio) == ("fail", "inf")


def test_what_is_not_finite_in_the_record_too_does(run: Run) -> None:
    recorded = with_step(sketched(run), 1, loss="nan", gradient_norm="inf", sketches=((math.nan,), (math.nan,)))
    recorded = replace(recorded, envelope=sketched(run).envelope)
    assert judged(recorded, with_step(recorded, 1, gradient_norm="nan")).status == "pass"


def overflowing(run: Run) -> Run:
    """Return the run with a third step that overflows: the loss scale of its steps is one that does."""
    run = replace(run, steps=(*run.steps, run.steps[-1]), plan=replace(run.plan, step_count=3))
    return with_step(run, 2, skipped=True)


def recorded_overflow(run: Run, *, borders: tuple[int, ...] = ()) -> Run:
    return sketched(overflowing(run), borders=borders)


@pytest.mark.parametrize(("borders", "known"), [((1,), ", as in a perturbed reference"), ((), "")])
def test_a_run_whose_overflow_moved_is_judged_up_to_there_and_for_review(
    run: Run, borders: tuple[int, ...], known: str
) -> None:
    """At the border of the format a rounding decides whether something overflows."""
    recorded = recorded_overflow(run, borders=borders)
    check = judged(recorded, other_loss(with_step(recorded, 1, skipped=True), 0.5, 0))
    assert (check.status, check.ratio) == ("review", "0.50")
    assert check.detail.endswith(f", up to step 1, where an overflow moved{known}")


def test_an_overflow_that_did_not_come_is_for_review_too(run: Run) -> None:
    recorded = sketched(with_step(overflowing(run), 1, skipped=True))
    check = judged(recorded, with_step(recorded, 1, skipped=False))
    assert check.status == "review"
    assert check.detail.endswith(", up to step 1, where an overflow moved")


def test_a_fault_before_an_overflow_that_moved_is_one(run: Run) -> None:
    recorded = recorded_overflow(run)
    assert judged(recorded, other_loss(with_step(recorded, 1, skipped=True), 50, 0)).status == "fail"


def test_an_overflow_where_the_record_has_none_is_no_border(run: Run) -> None:
    check = judged(sketched(run), with_step(sketched(run), 1, skipped=True))
    assert check.detail == "differs at step 1 in what no platform may change: optimizer step"


def test_an_overflow_far_below_those_of_the_record_is_no_border(run: Run) -> None:
    large = "0x1.0000000000000p+3"
    recorded = sketched(with_step(overflowing(run), 2, loss_scale=large))
    assert judged(recorded, with_step(recorded, 1, skipped=True)).status == "fail"


def test_a_moved_overflow_in_the_first_step_leaves_nothing_to_judge(run: Run) -> None:
    recorded = recorded_overflow(run)
    check = judged(recorded, with_step(recorded, 0, skipped=True))
    assert (check.status, check.ratio) == ("fail", "")


def operations(outcome: str) -> RunOperations:
    digest = OperationDigest(text=EXP, outcome=outcome)
    return RunOperations(steps=2, complete=True, detail="", traced=(EXP,), digests=(digest,))


def seen(record: Record, *runs: Run) -> Seen:
    return Seen(fingerprint=record.fingerprint, lock=record.lock, runs=runs)


@pytest.mark.parametrize(
    ("envelopes", "outcome", "code"), [(2, "within-envelope", 0), (4, "within-envelope", 0), (6, "not-reproduced", 1)]
)
def test_a_verdict_within_the_envelope_is_clean(
    record: Record, run: Run, envelopes: float, outcome: str, code: int
) -> None:
    recorded = replace(record, runs=(replace(sketched(run), operations=operations("1" * 16)),))
    here = replace(other_loss(sketched(run), envelopes), operations=operations("2" * 16))
    verdict = judge(recorded, seen(recorded, here), Drills())
    assert (verdict.outcome, verdict.exit_code) == (outcome, code)
    assert (verdict.first_failure is None) == (code == 0)


def test_one_run_within_and_one_to_the_last_bit_are_within(record: Record, run: Run) -> None:
    own = sketched(run)
    recorded = replace(record, runs=(own, own))
    assert judge(recorded, seen(recorded, own, other_loss(own, 1)), Drills()).outcome == "within-envelope"


def test_a_run_that_is_not_possible_here_leaves_the_others_open(record: Record, run: Run) -> None:
    own = sketched(run)
    recorded = replace(record, runs=(own, own))
    lacking = replace(run, unsupported="too few GPUs")
    assert judge(recorded, seen(recorded, other_loss(own, 1), lacking), Drills()).outcome == "undecided"


def programmed(run: Run, described: str = "LayerNorm((64,), eps=1e-05)", **notes: object) -> Run:
    """Return the run as one of a user's own program."""
    program = WatchedProgram(script="train.py", modules=(("norm", described),))
    own = StepNotes(**{"events": "ZFBS", "settings": {"0.eps": "1e-08"}, **notes})  # type: ignore[arg-type]
    steps = tuple(tuple(replace(rank, notes=own) for rank in ranks) for ranks in run.steps)
    return replace(run, program=program, steps=steps)


def test_where_nothing_differs_around_it_no_envelope_excuses_a_program(run: Run) -> None:
    recorded = programmed(sketched(run))
    here = other_loss(recorded, 0.5)
    check = judged(recorded, here)
    assert (check.status, check.ratio) == ("fail", "")
    assert check.detail.endswith("though nothing that decides bits differs around it: no envelope excuses that")
    assert judged(recorded, here, is_same_place=False).status == "pass"
    assert judged(recorded, replace(here, in_force={"threads": 2})).status == "pass"


@pytest.mark.parametrize(
    ("described", "notes", "quantity"),
    [
        ("LayerNorm((64,), eps=1e-06)", {}, "module `norm`"),
        ("LayerNorm((64,), eps=1e-05)", {"settings": {"0.eps": "1e-06"}}, "optimizer setting `0.eps`"),
        ("LayerNorm((64,), eps=1e-05)", {"events": "FBS"}, "order of calls"),
    ],
)
def test_what_a_program_says_of_itself_is_held_exactly(
    run: Run, described: str, notes: dict[str, object], quantity: str
) -> None:
    recorded = programmed(sketched(run))
    here = other_loss(programmed(sketched(run), described, **notes), 0.5)
    check = judged(recorded, here, is_same_place=False)
    assert (check.status, check.detail) == ("fail", f"differs at step 0 in what no platform may change: {quantity}")


def test_another_torch_may_describe_its_modules_otherwise(run: Run) -> None:
    recorded = programmed(sketched(run))
    here = other_loss(programmed(sketched(run), "LayerNorm((64,), eps=1e-05, bias=True)"), 0.5)
    newer = replace(here, in_force={**here.in_force, "torch": "2.14.0"})
    assert judged(recorded, newer, is_same_place=False).status == "pass"


def test_first_weights_of_a_program_are_judged_by_what_they_lead_to(run: Run) -> None:
    """They come from torch's generator, whose normal numbers are rounded otherwise on other processors."""
    recorded = programmed(sketched(run))
    start = (OTHER, *STEP.parameters[1:])
    here = replace(other_loss(recorded, 0.5), initial=(start, start))
    assert judged(recorded, here, is_same_place=False).status == "pass"
    assert judged(recorded, other_loss(here, 50), is_same_place=False).status == "fail"


def on_one_rank(run: Run) -> Run:
    steps = tuple((replace(ranks[0], data="e" * 32),) for ranks in run.steps)
    return replace(run, initial=run.initial[:1], steps=steps, envelope=None)


def test_another_number_of_ranks_is_judged_by_the_envelope(run: Run) -> None:
    check = judged(sketched(run), on_one_rank(other_loss(sketched(run), 2)), SAME)
    assert (check.status, check.detail) == (
        "pass",
        "bitwise: no, on 1 rank(s) instead of 2; reproduced: yes, R = 2.00 of 5, worst: loss at step 1",
    )


def test_a_fault_on_another_number_of_ranks_is_one(run: Run) -> None:
    assert judged(sketched(run), on_one_rank(other_loss(sketched(run), 20))).status == "fail"
    rate = with_step(sketched(run), 1, learning_rate="0x1.0000000000001p-8")
    check = judged(sketched(run), on_one_rank(rate))
    assert check.detail == "differs at step 1 in what no platform may change: learning rate"


def test_only_runs_that_mean_the_same_go_to_other_ranks(record: Record, run: Run) -> None:
    plan = sketched(run).plan
    others = [
        replace(sketched(run), plan=replace(plan, workload=name))
        for name in ("convnet", "transformer-loader", "transformer-accumulate", "transformer-resume")
    ]
    whole = replace(record, runs=(sketched(run), *others, run))
    kept = {size: [one.plan.workload for one in runs_on(whole, size).runs] for size in (4, 8)}
    assert kept == {
        4: ["transformer", "transformer-accumulate", "transformer-resume"],
        8: ["transformer", "transformer-resume"],
    }


def test_a_record_without_a_run_for_other_ranks_is_refused(record: Record) -> None:
    with pytest.raises(UsageError) as caught:
        runs_on(record, 2)
    assert caught.value.lines()[0] == "error: no run of the record can be judged on 2 rank(s)"

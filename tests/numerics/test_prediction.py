"""A prediction promises only what every operation gave; whatever is open keeps it from doing so, and is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.operations import WORDS, OperationDigest, RunOperations
from reprocheck.model.predictions import Prediction, RunPrediction, prediction_document
from reprocheck.model.records import Run
from reprocheck.numerics.prediction import predict

MM, EXP, NORM = "aten.mm.default(fp32[2,2]~0)", "aten.exp.default(bf16[9]~4)", "aten.norm.Scalar(fp32[3]~0,2)"
ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16
ALL = {MM: ONE, EXP: TWO, NORM: THREE}


def operations(outcomes: Mapping[str, str], **changes: object) -> RunOperations:
    digests = tuple(OperationDigest(text=text, outcome=outcome) for text, outcome in outcomes.items())
    found = RunOperations(steps=3, complete=True, detail="", traced=tuple(outcomes), digests=digests)
    return replace(found, **changes)  # type: ignore[arg-type]  # checked by replace itself


def predicted(run: Run, there: RunOperations | None, here: RunOperations | None, reason: str = "") -> RunPrediction:
    (found,) = predict([replace(run, operations=there)], [here], reason).runs
    return found


def test_equal_digests_of_all_operations_promise_equal_runs(run: Run) -> None:
    assert predicted(run, operations(ALL), operations(ALL)) == RunPrediction(
        name="transformer:fp32:2", outcome="identical", compared=3
    )


def test_one_other_digest_is_named(run: Run) -> None:
    found = predicted(run, operations(ALL), operations({**ALL, EXP: ONE}))
    assert (found.outcome, found.operations, found.doubts, found.compared) == ("differs", (EXP,), (), 3)


def test_what_tensors_held_here_does_not_matter(run: Run) -> None:
    """The trace here sees the numbers of another platform; replayed are the record's operations."""
    here = operations(ALL, traced=(MM.replace("~0", "~8+"), EXP, NORM))
    assert predicted(run, operations(ALL), here).outcome == "identical"


def test_new_and_gone_operations_leave_it_open(run: Run) -> None:
    here = operations(ALL, traced=(MM, EXP, "aten.linalg_vector_norm.default(fp32[3]~0,2)"))
    assert predicted(run, operations(ALL), here).doubts == (
        "1 operation is new here: linalg_vector_norm fp32",
        "1 operation is gone: norm.Scalar fp32",
    )
    assert predicted(run, operations(ALL), here).outcome == "undecided"


def test_an_operation_on_other_shapes_is_not_told_as_new_and_as_gone(run: Run) -> None:
    here = operations(ALL, traced=(MM, EXP, NORM.replace("fp32[3]", "fp32[4]")))
    assert predicted(run, operations(ALL), here).doubts == ("1 operation is called otherwise here: norm.Scalar fp32",)
    assert predicted(run, operations(ALL), here).outcome == "undecided"


def test_an_operation_that_this_torch_lacks_and_nobody_asks_for_is_told_once(run: Run) -> None:
    here = operations({**ALL, NORM: "gone"}, traced=(MM, EXP))
    assert predicted(run, operations(ALL), here).doubts == ("1 operation is gone: norm.Scalar fp32",)


def test_an_operation_that_differs_where_nobody_asks_for_it_decides_nothing(run: Run) -> None:
    here = operations({**ALL, NORM: ONE}, traced=(MM, EXP))
    assert predicted(run, operations(ALL), here).outcome == "undecided"


@pytest.mark.parametrize("word", sorted(WORDS))
def test_an_operation_without_a_digest_leaves_it_open(run: Run, word: str) -> None:
    there = predicted(run, operations({**ALL, EXP: word}), operations(ALL))
    here = predicted(run, operations(ALL), operations({**ALL, EXP: word}))
    assert (there.outcome, there.doubts) == ("undecided", (f"exp bf16: {WORDS[word]} when recorded",))
    assert (here.outcome, here.doubts) == ("undecided", (f"exp bf16: {WORDS[word]} here",))


def test_two_words_that_are_the_same_are_not_equal_bits(run: Run) -> None:
    found = predicted(run, operations({**ALL, EXP: "varies"}), operations({**ALL, EXP: "varies"}))
    assert (found.outcome, found.doubts) == ("undecided", ("exp bf16: did not repeat itself when recorded",))


def test_an_operation_that_was_not_replayed_here_leaves_it_open(run: Run) -> None:
    here = operations({MM: ONE, EXP: TWO}, traced=(MM, EXP, NORM))
    assert predicted(run, operations(ALL), here).doubts == ("norm.Scalar fp32: was not replayed here",)


def test_many_operations_of_one_kind_are_counted() -> None:
    run_digests = {f"aten.op{number}.default(fp32[2])": ONE for number in range(7)}
    (found,) = predict([plain_run(operations(run_digests))], [operations({}, traced=tuple(run_digests))]).runs
    assert found.doubts == ("op0 fp32, op1 fp32, op2 fp32, op3 fp32 and 3 more: was not replayed here",)


def plain_run(there: RunOperations | None) -> Run:
    from reprocheck.numerics.runs import plan_runs

    return Run(plan=plan_runs(["convnet"], seed=0, steps=1)[0], in_force={}, operations=there)


def test_a_trace_that_did_not_see_all_leaves_it_open(run: Run) -> None:
    there = predicted(run, operations(ALL, complete=False, steps=12), operations(ALL))
    here = predicted(run, operations(ALL), operations(ALL, complete=False, detail="the trace changed the numbers"))
    assert there.doubts == ("not all operations were seen when recorded: after 12 steps new ones still came",)
    assert here.doubts == ("not all operations were seen here: the trace changed the numbers",)
    assert {there.outcome, here.outcome} == {"undecided"}


def test_a_difference_is_told_beside_doubts(run: Run) -> None:
    found = predicted(run, operations(ALL), operations({**ALL, MM: TWO, EXP: "late"}))
    assert (found.outcome, found.operations, found.doubts) == (
        "differs",
        (MM,),
        ("exp bf16: was not replayed within the time for it here",),
    )


def test_an_older_record_predicts_nothing(run: Run) -> None:
    found = predicted(run, None, operations(ALL))
    assert (found.outcome, found.doubts) == (
        "undecided",
        ("the record holds no operations; one that this release makes does",),
    )


def test_a_record_with_an_empty_list_predicts_nothing(run: Run) -> None:
    found = predicted(run, operations({}), operations({}))
    assert (found.outcome, found.doubts) == ("undecided", ("the record holds no operations of this run",))


@pytest.mark.parametrize(
    ("reason", "doubt"), [("", "the worker told nothing"), ("there is no torch", "there is no torch")]
)
def test_nothing_replayed_here_predicts_nothing(run: Run, reason: str, doubt: str) -> None:
    found = predicted(run, operations(ALL), None, reason)
    assert (found.outcome, found.doubts) == ("undecided", (f"nothing was replayed here: {doubt}",))


def test_a_run_that_was_not_recorded_is_left_out(run: Run) -> None:
    assert predict([replace(run, unsupported="no GradScaler")], [None]).runs == ()


@pytest.mark.parametrize(
    ("outcomes", "outcome", "code"),
    [
        (("identical", "identical"), "identical", 0),
        (("identical", "undecided"), "undecided", 3),
        (("undecided", "differs"), "differs", 1),
        ((), "undecided", 3),
    ],
)
def test_the_worst_run_decides(outcomes: tuple[str, ...], outcome: str, code: int) -> None:
    runs = tuple(RunPrediction(name="x", outcome=one) for one in outcomes)  # type: ignore[arg-type]  # from the table
    assert (Prediction(runs=runs).outcome, Prediction(runs=runs).exit_code) == (outcome, code)


def test_the_document_names_each_operation_once(run: Run) -> None:
    there, here = operations(ALL), operations({**ALL, EXP: ONE})
    both = [replace(run, operations=there), replace(run, operations=there)]
    member = {
        "name": "transformer:fp32:2",
        "bitwise": False,
        "compared": 3,
        "operations": (EXP,),
        "doubts": (),
    }
    assert prediction_document(predict(both, [here, here])) == {
        "schema": "reprocheck/prediction/1",
        "bitwise": False,
        "operations": [{"name": "exp bf16", "operation": EXP}],
        "runs": [member, member],
    }


OUTCOMES = st.sampled_from([ONE, TWO, *WORDS])
SOME = st.dictionaries(st.sampled_from([MM, EXP, NORM, "aten.new.default()"]), OUTCOMES)


@given(there=SOME, here=SOME, traced=SOME, complete=st.booleans())
def test_identical_is_never_said_but_of_equal_digests(
    there: dict[str, str], here: dict[str, str], traced: dict[str, str], complete: bool
) -> None:
    """The one promise: everything that is asked for here was recorded, and gave the same digest here."""
    seen = operations(here, traced=tuple(traced), complete=complete)
    (found,) = predict([plain_run(operations(there))], [seen]).runs
    if found.outcome == "identical":
        assert complete
        assert set(traced) == set(there)
        assert all(here[text] == outcome and outcome in (ONE, TWO) for text, outcome in there.items())

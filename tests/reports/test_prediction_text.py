from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.predictions import Prediction, RunPrediction
from reprocheck.model.verdicts import Check, Divergence, Verdict
from reprocheck.reports.prediction_text import render_prediction
from reprocheck.reports.verdict_text import render_verdict

MM, EXP = "aten.mm.default(fp32[2,3]~0,fp32[3,4]~-4)", "aten.exp.default(bf16[9]~4)"
SAME = RunPrediction(name="convnet:fp32", outcome="identical", compared=47)
OTHER = RunPrediction(name="transformer:bf16", outcome="differs", compared=9, operations=(EXP, MM), doubts=("a doubt",))
OPEN = RunPrediction(name="transformer:fp16", outcome="undecided", doubts=("one doubt", "another doubt"))


def test_a_promise_is_one_line_and_a_table() -> None:
    assert render_prediction(Prediction(runs=(SAME, replace(SAME, name="x", compared=1)))) == (
        "predicted bitwise: in 2 runs every operation gives the recorded bits here\n"
        "\n"
        "  identical  convnet:fp32  47 operations give the recorded bits\n"
        "  identical  x             1 operation gives the recorded bits\n"
    )


def test_what_differs_is_named_and_doubts_are_told() -> None:
    assert render_prediction(Prediction(runs=(SAME, OTHER, OPEN, replace(OTHER, operations=(MM,), doubts=())))) == (
        "predicted not bitwise: in 2 of 4 runs some operations give other bits here\n"
        "\n"
        "  identical  convnet:fp32      47 operations give the recorded bits\n"
        "  differs    transformer:bf16  2 of 9 operations differ: exp bf16, mm fp32\n"
        "                               a doubt\n"
        "  undecided  transformer:fp16  one doubt\n"
        "                               another doubt\n"
        "  differs    transformer:bf16  1 of 9 operations differs: mm fp32\n"
    )


def test_what_nobody_can_tell_is_counted() -> None:
    text = render_prediction(Prediction(runs=(SAME, OPEN)))
    assert text.startswith("undecided: for 1 of 2 runs nobody can tell\n")


def test_a_record_without_any_run_that_was_done_is_undecided() -> None:
    assert render_prediction(Prediction(runs=())) == "undecided: for 0 of 0 runs nobody can tell\n\n"


def test_many_operations_are_cut_and_counted() -> None:
    many = tuple(f"aten.op{number}.default(fp32[2])" for number in range(9))
    text = render_prediction(Prediction(runs=(replace(OTHER, operations=many, doubts=()),)))
    assert "op5 fp32 and 3 more\n" in text


def test_colour_marks_the_sentence_and_each_run() -> None:
    text = render_prediction(Prediction(runs=(SAME, OTHER)), color=True)
    assert text.startswith("\x1b[31;1mpredicted not bitwise: ")
    assert "\x1b[32midentical\x1b[0m" in text


def test_hostile_text_of_a_record_cannot_reach_the_terminal() -> None:
    assert "\x1b" not in render_prediction(Prediction(runs=(replace(OPEN, name="\x1b[2J", doubts=("\x1b]0;x\x07",)),)))


DIVERGENCE = Divergence(step=3, rank=0, phase="backward", quantity="loss", recorded="1", observed="2")


def recalled(*pairs: tuple[RunPrediction, str]) -> str:
    """Return the line by which a verdict recalls predictions, each with what came of its run."""
    checks = tuple(
        Check(name=run.name, status="fail", detail="differs", first_divergence=DIVERGENCE)
        if status == "fail"
        else Check(name=run.name, status="skip" if status == "skip" else "pass", detail="10 steps")
        for run, status in pairs
    )
    outcome = "not-reproduced" if "fail" in {status for _, status in pairs} else "bitwise"
    prediction = Prediction(runs=tuple(run for run, _ in pairs))
    verdict = Verdict(outcome=outcome, checks=checks, causes=(), prediction=prediction)  # type: ignore[arg-type]  # two of its words
    return render_verdict(verdict).splitlines()[1]


@pytest.mark.parametrize(
    ("pairs", "line"),
    [
        (((SAME, "pass"),), "bitwise: yes, as predicted: every operation of the runs gave the recorded bits"),
        (((SAME, "pass"), (OTHER, "fail")), "bitwise: no, as predicted: 2 operations differ (exp bf16, mm fp32)"),
        (
            ((replace(OTHER, operations=(MM,)), "fail"), (OPEN, "fail")),
            "bitwise: no, as predicted: 1 operation differs (mm fp32)",
        ),
        (
            ((SAME, "fail"), (OTHER, "fail")),
            "bitwise: no, against the prediction: every operation of convnet:fp32 gave its bits",
        ),
        (
            ((SAME, "pass"), (OTHER, "pass")),
            "bitwise: yes, against the prediction: 2 operations differ (exp bf16, mm fp32), and no run shows it",
        ),
        (((OPEN, "pass"), (SAME, "pass")), "not predicted: one doubt, and 1 more reason"),
        (((replace(OPEN, doubts=("one doubt",)), "fail"), (SAME, "pass")), "not predicted: one doubt"),
    ],
)
def test_a_verdict_is_held_against_its_prediction(pairs: tuple[tuple[RunPrediction, str], ...], line: str) -> None:
    assert recalled(*pairs) == line


def test_a_verdict_without_a_prediction_recalls_none() -> None:
    check = Check(name="convnet:fp32", status="pass", detail="10 steps")
    for prediction in (None, Prediction(runs=())):
        verdict = Verdict(outcome="bitwise", checks=(check,), causes=(), prediction=prediction)
        assert render_verdict(verdict).splitlines()[1] == ""


def test_an_undecided_verdict_has_nothing_to_hold_a_prediction_against() -> None:
    check = Check(name="convnet:fp32", status="skip", detail="there is no torch")
    verdict = Verdict(outcome="undecided", checks=(check,), causes=(), prediction=Prediction(runs=(SAME,)))
    assert render_verdict(verdict).splitlines()[1] == ""

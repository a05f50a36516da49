from __future__ import annotations

from dataclasses import replace

from reprocheck.model.verdicts import Cause, Check, Divergence, Verdict
from reprocheck.reports.verdict_text import render_verdict

FINGERPRINT = Check(name="fingerprint", status="pass", detail="no difference that decides bits")
PASSED = Check(name="transformer:fp32", status="pass", detail="10 steps bitwise")
DIVERGENCE = Divergence(
    step=3,
    rank=1,
    phase="backward",
    quantity="gradient of `head.bias`",
    tensor="head.bias",
    recorded="0x1.8p+0 (1.5)",
    observed="0x1.9p+0 (1.5625)",
    ulp=12,
    sampled=8,
)
FAILED = Check(
    name="convnet:bf16", status="fail", detail="differs from step 3 on: backward", first_divergence=DIVERGENCE
)
CAUSE = Cause(what="another number of threads", evidence=("recorded 1, here 2",), fix="rerun with the recorded one")
BITWISE = Verdict(outcome="bitwise", checks=(FINGERPRINT, PASSED), causes=())
PARTED = Verdict(outcome="not-reproduced", checks=(FINGERPRINT, PASSED, FAILED), causes=(CAUSE,))


def failed_with(**fields: object) -> str:
    divergence = replace(DIVERGENCE, **fields)  # type: ignore[arg-type]  # checked by replace itself
    return render_verdict(replace(PARTED, checks=(replace(FAILED, first_divergence=divergence),), causes=()))


def test_a_bitwise_verdict_is_one_sentence_and_a_table() -> None:
    assert render_verdict(BITWISE) == (
        "bitwise: 1 run gave the recorded numbers again, to the last bit\n"
        "\n"
        "  pass    fingerprint       no difference that decides bits\n"
        "  pass    transformer:fp32  10 steps bitwise\n"
    )


def test_a_difference_is_told_with_place_distance_values_and_cause() -> None:
    assert render_verdict(PARTED) == (
        "not reproduced: 1 of 2 runs differs from the record, first convnet:bf16 at step 3\n"
        "\n"
        "  pass    fingerprint       no difference that decides bits\n"
        "  pass    transformer:fp32  10 steps bitwise\n"
        "  fail    convnet:bf16      differs from step 3 on: backward\n"
        "\n"
        "first divergence: convnet:bf16, step 3, rank 1, backward\n"
        "  gradient of `head.bias` differs by at most 12 ulp over 8 sampled elements\n"
        "  recorded  0x1.8p+0 (1.5)\n"
        "  here      0x1.9p+0 (1.5625)\n"
        "\n"
        "likely cause:\n"
        "  1. another number of threads\n"
        "     - recorded 1, here 2\n"
        "     fix: rerun with the recorded one\n"
    )


def test_the_earliest_step_of_all_runs_is_the_first_divergence() -> None:
    early = replace(FAILED, name="convnet:fp16", first_divergence=replace(DIVERGENCE, step=1))
    text = render_verdict(replace(PARTED, checks=(FAILED, early)))
    assert text.startswith("not reproduced: 2 of 2 runs differ from the record, first convnet:fp16 at step 1\n")


def test_a_drill_is_never_mistaken_for_a_finding() -> None:
    lines = render_verdict(replace(PARTED, drills=("seed=1", "lr=1.001"))).splitlines()
    assert lines[1] == "drill: seed=1, lr=1.001 was planted in this rerun; this is a fire drill, not a finding"


def test_a_drill_that_changed_nothing_says_so() -> None:
    lines = render_verdict(replace(BITWISE, drills=("threads=2",))).splitlines()
    assert lines[1] == "drill: threads=2 was planted in this rerun; it changed nothing"


def test_an_undecided_verdict_counts_what_was_not_repeated() -> None:
    skipped = Check(name="convnet:fp32", status="skip", detail="there is no CUDA device")
    verdict = Verdict(outcome="undecided", checks=(FINGERPRINT, PASSED, skipped), causes=())
    assert render_verdict(verdict).startswith("undecided: 1 of 2 runs could not be repeated here\n")


def test_a_difference_outside_the_sampled_elements_shows_no_values() -> None:
    text = failed_with(ulp=0, observed=DIVERGENCE.recorded)
    assert text.endswith("  gradient of `head.bias` differs, though by 0 ulp over 8 sampled elements\n")


def test_a_difference_without_a_distance_just_differs() -> None:
    text = failed_with(ulp=None, tensor=None, sampled=0, quantity="digest of the batch", recorded="a", observed="b")
    assert text.endswith("  digest of the batch differs\n  recorded  a\n  here      b\n")


def test_a_number_is_not_sampled() -> None:
    assert "  loss differs by 12 ulp\n" in failed_with(tensor=None, sampled=0, quantity="loss")


def test_much_evidence_is_cut_and_counted() -> None:
    cause = replace(CAUSE, evidence=tuple(f"fact {number}" for number in range(6)))
    text = render_verdict(replace(PARTED, causes=(cause, CAUSE)))
    assert "likely causes, the likeliest first:\n" in text
    assert "     - fact 3\n     - and 2 more (`--output-format json` has all)\n     fix:" in text


def test_hostile_text_of_a_record_cannot_reach_the_terminal() -> None:
    assert "\x1b" not in failed_with(quantity="gradient of `\x1b[2J`", recorded="\x1b]0;x\x07")


def test_colour_marks_verdict_and_statuses() -> None:
    text = render_verdict(PARTED, color=True)
    assert text.startswith("\x1b[31;1mnot reproduced\x1b[0m: ")
    assert "\x1b[32mpass  \x1b[0m" in text


def test_runs_that_nobody_asked_to_repeat_are_named() -> None:
    check = Check(name="convnet:fp32", status="pass", detail="10 steps bitwise")
    verdict = Verdict(outcome="bitwise", checks=(check,), causes=(), left_out=("transformer:fp32", "transformer:bf16"))
    assert render_verdict(verdict) == (
        "bitwise: 1 run gave the recorded numbers again, to the last bit\n"
        "\n"
        "  pass    convnet:fp32  10 steps bitwise\n"
        "  not repeated, as `--workload` asks: transformer:fp32, transformer:bf16\n"
    )

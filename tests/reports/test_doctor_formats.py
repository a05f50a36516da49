"""The doctor's page and document."""

from __future__ import annotations

import json

import reprocheck
from reprocheck.model.doctors import Answer, Checkup
from reprocheck.reports.doctor_json import render_doctor_json
from reprocheck.reports.doctor_text import render_doctor

OK = Answer(question="driver", status="ok", detail="580.65.06, brings CUDA 13.0", measured={"version": "580.65.06"})
NOT = Answer(
    question="bf16",
    status="not",
    detail="emulated on Tesla T4 (compute capability 7.5), 0.5 times as fast as fp32",
    fix="use fp16 with a GradScaler, or fp32, or a GPU that has it",
    measured={"speedPermille": 450, "names": ["a", "b"]},
)
UNKNOWN = Answer(question="unheard-of", status="unknown", detail="no answer within 10 s")
CHECKUP = Checkup(answers=(OK, NOT, UNKNOWN))


def test_one_line_a_question_and_the_fix_beneath() -> None:
    assert render_doctor(CHECKUP, width=72) == (
        "driver          ok       580.65.06, brings CUDA 13.0\n"
        "AMP bf16        not      emulated on Tesla T4 (compute capability 7.5),\n"
        "                         0.5 times as fast as fp32\n"
        "                         fix: use fp16 with a GradScaler, or fp32, or a\n"
        "                              GPU that has it\n"
        "unheard-of      unknown  no answer within 10 s\n"
        "\n"
        "1 ok, 1 not, 1 unknown\n"
    )


def test_colour_is_for_the_status_alone() -> None:
    lines = render_doctor(CHECKUP, width=200, color=True).splitlines()
    assert lines[0] == "driver          \x1b[32mok     \x1b[0m  580.65.06, brings CUDA 13.0"
    assert lines[1].startswith("AMP bf16        \x1b[31mnot    \x1b[0m  emulated")
    assert lines[3] == "unheard-of      \x1b[33munknown\x1b[0m  no answer within 10 s"


def test_verbose_adds_what_was_measured() -> None:
    lines = render_doctor(CHECKUP, width=200, verbose=True).splitlines()
    assert lines[1] == "                         measured: version 580.65.06"
    assert lines[4] == "                         measured: names a b, speedPermille 450"
    assert "measured" not in render_doctor(Checkup(answers=(UNKNOWN,)), width=200, verbose=True)


def test_what_a_library_says_does_nothing_to_the_terminal() -> None:
    hostile = Answer(question="cudnn", status="not", detail="\x1b[2Jgone\u202e", fix="\x07")
    assert "\x1b" not in render_doctor(Checkup(answers=(hostile,)), width=80)
    text = render_doctor_json(Checkup(answers=(hostile,)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert json.loads(text)["answers"][0]["detail"] == "\x1b[2Jgone\u202e"


def test_the_document_is_sorted_and_without_floats() -> None:
    text = render_doctor_json(CHECKUP)
    document = json.loads(text, parse_float=lambda found: (_ for _ in ()).throw(AssertionError(found)))
    assert document == {
        "schema": "reprocheck/doctor/1",
        "tool": {"name": "reprocheck", "version": reprocheck.__version__},
        "answers": [
            {
                "question": answer.question,
                "status": answer.status,
                "detail": answer.detail,
                "fix": answer.fix,
                "byDesign": answer.by_design,
                "measured": answer.measured,
            }
            for answer in CHECKUP.answers
        ],
        "summary": {"ok": 1, "not": 1, "unknown": 1},
    }
    assert list(document) == ["schema", "answers", "summary", "tool"]

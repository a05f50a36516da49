"""A verdict in every format: what each outcome becomes, and that no text of a record does anything there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import reprocheck.reports
from reprocheck.model.verdicts import SECOND_RERUN, Cause, Check, Divergence, Verdict
from reprocheck.reports.verdict_registry import VERDICT_FORMATS, verdict_format
from reprocheck.reports.verdict_report import VerdictReport

NAMES = ("full", "concise", "json", "github", "gitlab", "junit", "sarif", "markdown")
PATH = "records/my run.json"
FINGERPRINT = Check(name="fingerprint", status="review", detail="another torch")
LOCK = Check(name="lock", status="skip", detail="none in the record")
PASSED = Check(name="transformer:fp32", status="pass", detail="10 steps bitwise")
DIVERGENCE = Divergence(
    step=3,
    rank=1,
    phase="backward",
    quantity="gradient of `head.bias`",
    tensor="head.bias",
    module="head",
    recorded="0x1.8p+0 (1.5)",
    observed="0x1.9p+0 (1.5625)",
    ulp=12,
    sampled=8,
    relative="2.4e-07",
)
FAILED = Check(name="train.py", status="fail", detail="differs from step 3 on: backward", first_divergence=DIVERGENCE)
CAUSE = Cause(what="another `momentum`", evidence=("0.momentum: recorded 0.9, here 0.91",), fix="set it")
PARTED = Verdict(outcome="not-reproduced", checks=(FINGERPRINT, LOCK, FAILED), causes=(CAUSE,))
BITWISE = Verdict(outcome="bitwise", checks=(FINGERPRINT, PASSED), causes=())
WITHIN = Verdict(
    outcome="within-envelope",
    checks=(PASSED, Check(name="convnet:bf16", status="review", detail="R = 3.20 of 5", ratio="3.20")),
    causes=(),
)
SECOND = Check(name=SECOND_RERUN, status="review", detail="parts", first_divergence=replace(DIVERGENCE, step=1))
OPEN = Verdict(outcome="undecided", checks=(replace(FAILED, status="review"), SECOND), causes=(CAUSE,))
FAULTY = Verdict(
    outcome="not-reproduced", checks=(replace(LOCK, name="canary", status="fail"), PASSED), causes=(CAUSE,)
)
HOSTILE = "\x1b[2J::error::x\u202e##[group]<b>|`@me`"


def told(name: str, verdict: Verdict, path: str = PATH) -> str:
    return verdict_format(name).render(VerdictReport(verdict=verdict, path=path, tool_version="1.2.3"))


def test_the_registry_names_every_format_of_the_folder_once() -> None:
    assert tuple(module.NAME for module in VERDICT_FORMATS) == NAMES
    folder = Path(reprocheck.reports.__path__[0])
    renderers = {path.stem for path in folder.glob("verdict_*.py") if "\nNAME = " in path.read_text(encoding="utf-8")}
    assert renderers == {module.__name__.rpartition(".")[2] for module in VERDICT_FORMATS}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verdict", [PARTED, BITWISE, WITHIN, OPEN, FAULTY])
def test_every_format_tells_every_outcome_in_lines(name: str, verdict: Verdict) -> None:
    text = told(name, verdict)
    assert text.endswith("\n")
    assert text == told(name, verdict)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_record_does_anything_in_any_format(name: str) -> None:
    divergence = replace(DIVERGENCE, quantity=HOSTILE, recorded=HOSTILE, module=HOSTILE, relative=HOSTILE)
    check = replace(FAILED, name=HOSTILE, detail=HOSTILE, first_divergence=divergence)
    cause = Cause(what=HOSTILE, evidence=(HOSTILE,), fix=HOSTILE)
    verdict = Verdict(outcome="not-reproduced", checks=(check,), causes=(cause,), left_out=(HOSTILE,))
    text = told(name, verdict, HOSTILE)
    assert not re.search("[\x1b\u202e]", text)
    assert "##[" not in text.partition("\n")[2]  # the first line of one format is a command itself
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == (name == "github")


def test_full_tells_module_and_relative_difference() -> None:
    text = told("full", PARTED)
    assert "first divergence: train.py, step 3, rank 1, backward, module `head`\n" in text
    assert "differs by at most 12 ulp over 8 sampled elements; relative difference 2.4e-07\n" in text


def test_full_says_that_a_program_does_not_repeat_itself() -> None:
    text = told("full", OPEN)
    assert text.startswith(
        "undecided: the program does not repeat itself here, so that no rerun can be held against the record\n"
    )
    assert "first divergence: train.py, step 3" in text


def test_full_says_that_nothing_ran_right_where_the_machine_is_broken() -> None:
    assert told("full", FAULTY).startswith("not reproduced: failed before any run: canary\n")


def test_concise_has_a_line_a_fact() -> None:
    assert told("concise", PARTED) == (
        "records/my run.json: not reproduced: 1 of 1 run differs from the record, first train.py at step 3\n"
        "records/my run.json: fingerprint: review: another torch\n"
        "records/my run.json: lock: skip: none in the record\n"
        "records/my run.json: train.py: fail: step 3, rank 1, backward: gradient of `head.bias` differs by at most 12 "
        "ulp over 8 sampled elements; relative difference 2.4e-07\n"
        "records/my run.json: likeliest cause: another `momentum`; fix: set it\n"
    )


def test_json_is_the_verdict_document() -> None:
    document = json.loads(told("json", PARTED))
    assert (document["schema"], document["verdict"]) == ("reprocheck/verdict/1", "not-reproduced")
    found = document["checks"][2]["first_divergence"]
    assert (found["module"], found["tensor"], found["relative"]) == ("head", "head.bias", "2.4e-07")


@pytest.mark.parametrize(
    ("verdict", "command"), [(PARTED, "error"), (OPEN, "warning"), (BITWISE, "notice"), (WITHIN, "notice")]
)
def test_github_gets_one_annotation_on_the_record(verdict: Verdict, command: str) -> None:
    lines = told("github", verdict).splitlines()
    assert lines[0].startswith(f"::{command} file=records/my run.json,line=1,title=reprocheck%3A ")
    assert not any(line.startswith("::") for line in lines[1:])


def test_the_annotation_tells_place_and_cause() -> None:
    message = told("github", PARTED).splitlines()[0].rpartition("::")[2]
    assert message.split("%0A") == [
        "1 of 1 run differs from the record, first train.py at step 3",
        "first divergence: train.py, step 3, rank 1, backward, module `head`",
        "  gradient of `head.bias` differs by at most 12 ulp over 8 sampled elements; relative difference 2.4e-07",
        "  recorded  0x1.8p+0 (1.5)",
        "  here      0x1.9p+0 (1.5625)",
        "cause 1: another `momentum`",
        "fix: set it",
    ]


@pytest.mark.parametrize("verdict", [BITWISE, WITHIN])
def test_gitlab_gets_nothing_where_all_is_well(verdict: Verdict) -> None:
    assert json.loads(told("gitlab", verdict)) == []


@pytest.mark.parametrize(("verdict", "severity"), [(PARTED, "critical"), (OPEN, "major")])
def test_gitlab_gets_one_row_where_it_is_not(verdict: Verdict, severity: str) -> None:
    (row,) = json.loads(told("gitlab", verdict))
    assert (row["severity"], row["location"]) == (severity, {"path": PATH, "lines": {"begin": 1}})
    assert row["description"].endswith("; another `momentum`; fix: set it")
    assert re.fullmatch("[0-9a-f]{64}", row["fingerprint"])


def test_gitlab_knows_a_verdict_again_that_fails_at_another_step() -> None:
    later = replace(PARTED, checks=(replace(FAILED, first_divergence=replace(DIVERGENCE, step=9)),))
    keys = {json.loads(told("gitlab", verdict))[0]["fingerprint"] for verdict in (PARTED, later)}
    assert len(keys) == 1
    assert json.loads(told("gitlab", OPEN))[0]["fingerprint"] not in keys


def test_junit_has_a_test_for_each_check() -> None:
    suite = ET.fromstring(told("junit", PARTED)).find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
    }
    cases = {case.get("name"): [child.tag for child in case] for case in suite.findall("testcase")}
    assert cases == {"fingerprint": ["system-out"], "lock": ["skipped"], "train.py": ["failure"]}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.splitlines()[1] == "train.py, step 3, rank 1, backward, module `head`"


@pytest.mark.parametrize("verdict", [PARTED, BITWISE, WITHIN, OPEN, FAULTY])
def test_sarif_is_valid(verdict: Verdict, sarif_faults: Callable[[str], list[str]]) -> None:
    assert sarif_faults(told("sarif", verdict)) == []


@pytest.mark.parametrize(
    ("verdict", "kinds"),
    [(PARTED, [("fail", "error")]), (OPEN, [("open", "none")]), (BITWISE, []), (WITHIN, [])],
)
def test_sarif_has_a_result_where_something_failed_or_is_open(verdict: Verdict, kinds: list[tuple[str, str]]) -> None:
    (run,) = json.loads(told("sarif", verdict))["runs"]
    results: list[dict[str, Any]] = run["results"]
    assert [(result["kind"], result["level"]) for result in results] == kinds
    assert run["properties"] == {"verdict": verdict.outcome}


def test_sarif_notes_what_was_skipped_or_is_for_review() -> None:
    (run,) = json.loads(told("sarif", PARTED))["runs"]
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes == ["fingerprint is for review: another torch", "lock was skipped: none in the record"]


def test_markdown_has_a_sentence_a_table_and_folded_evidence() -> None:
    assert told("markdown", PARTED) == (
        "**Not reproduced**: 1 of 1 run differs from the record, first train.py at step 3\n"
        "\n"
        "| Check | Status | What |\n"
        "| --- | --- | --- |\n"
        "| `fingerprint` | review | another torch |\n"
        "| `train.py` | fail | differs from step 3 on: backward |\n"
        "| `lock` | skip | none in the record |\n"
        "\n"
        "```\n"
        "first divergence: train.py, step 3, rank 1, backward, module `head`\n"
        "  gradient of `head.bias` differs by at most 12 ulp over 8 sampled elements; relative difference 2.4e-07\n"
        "  recorded  0x1.8p+0 (1.5)\n"
        "  here      0x1.9p+0 (1.5625)\n"
        "```\n"
        "\n"
        "1. another `momentum`\n"
        "\n"
        "Fix: set it\n"
        "\n"
        "<details><summary>What speaks for it</summary>\n"
        "\n"
        "- 0\\.momentum: recorded 0.9, here 0.91\n"
        "\n"
        "</details>\n"
    )


def test_markdown_tells_drills_and_what_was_left_out() -> None:
    text = told("markdown", replace(BITWISE, drills=("seed=1",), left_out=("convnet:fp32",)))
    assert "\n\ndrill: seed=1 was planted in this rerun; it changed nothing\n\n" in text
    assert "| convnet:fp32 | not repeated |  |\n" in text


def test_markdown_counts_much_evidence_and_leaves_causes_out_that_find_no_room() -> None:
    cause = replace(CAUSE, evidence=tuple("x" * 480 for _ in range(22)))
    text = told("markdown", replace(PARTED, causes=(cause,) * 9))
    assert "- and 2 more\n" in text
    assert len(text.encode()) < 60_000
    assert "5. another" in text
    assert "9. another" not in text

"""One audit in every format; hostile names are inert in each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.findings import (
    Audit,
    Confidence,
    Finding,
    Location,
    PackageRef,
    RelatedLocation,
    Severity,
    Skipped,
)
from reprocheck.reports import full
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.registry import AUDIT_FORMATS, audit_format
from reprocheck.reports.visible import visible

LINES = ("name: a", "dependencies:", "\t- pytorch", "  - pip:", "    - torch")


def place(line: int, column: int = 5, path: str = "e.yml") -> Location:
    return Location(path=path, line=line, column=column)


FINDING = Finding(
    code="RC301",
    name="declared-twice",
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    message="`torch` twice",
    location=place(5, 7),
    related=(
        RelatedLocation(location=place(3), message="conda `pytorch`"),
        RelatedLocation(location=place(9, 1, "conda-lock.yml"), message="locked here"),
        RelatedLocation(location=place(9, 1, "conda-lock.yml"), message=""),
    ),
    packages=(PackageRef(manager="pip", name="torch", version="2.4.1", platform="linux-64"),),
    platforms=("linux-64",),
    evidence=("the table says so",),
    fix="remove it\nor the other",
)
MILD = Finding(
    code="RC101",
    name="bracketed-comment",
    severity=Severity.INFO,
    confidence=Confidence.LOW,
    message="m",
    location=place(1, 1),
)
AUDIT = Audit(
    findings=(MILD, FINDING),
    skipped=(
        Skipped(code="RC201", reason="no lock"),
        Skipped(code="RC401", reason="no machine"),
        Skipped(code="RC202", reason="no lock"),
    ),
    suppressed=2,
)


def rendered(name: str, audit: Audit = AUDIT, *, color: bool = False) -> str:
    return audit_format(name).render(AuditReport(audit=audit, tool_version="1", sources={"e.yml": LINES}, color=color))


def test_full_shows_place_line_caret_evidence_and_fix() -> None:
    assert rendered("full") == (
        "e.yml:1:1: info RC101 bracketed-comment\n"
        "  m\n"
        "  1 | name: a\n"
        "    | ^\n"
        "\n"
        "e.yml:5:7: error RC301 declared-twice\n"
        "  `torch` twice\n"
        "  5 |     - torch\n"
        "    |       ^\n"
        "  3 |     - pytorch\n"
        "    |        ^ conda `pytorch`\n"
        "  see conda-lock.yml:9:1: locked here\n"
        "  = the table says so\n"
        "  fix: remove it\n"
        "       or the other\n"
        "\n"
        "1 error, 1 info (2 suppressed)\n"
        "skipped RC201, RC202: no lock\n"
        "skipped RC401: no machine\n"
    )


def test_concise_is_one_line_a_finding() -> None:
    assert rendered("concise") == (
        "e.yml:1:1: RC101 info: m\n"
        "e.yml:5:7: RC301 error: `torch` twice\n"
        "1 error, 1 info (2 suppressed)\n"
        "skipped RC201, RC202: no lock\n"
        "skipped RC401: no machine\n"
    )


def test_github_puts_the_worst_first_and_escapes_properties() -> None:
    assert rendered("github").splitlines()[:2] == [
        "::error file=e.yml,line=5,col=7,title=RC301 declared-twice::`torch` twice%0Afix: remove it%0Aor the other",
        "::notice file=e.yml,line=1,col=1,title=RC101 bracketed-comment::m",
    ]


def test_json_is_the_findings_document() -> None:
    document = json.loads(rendered("json"))
    assert document["schema"] == "reprocheck/findings/1"
    counts = {"error": 1, "warning": 0, "info": 1, "skipped": 3, "suppressed": 2, "known": 0, "fixed": 0}
    assert document["summary"] == counts
    assert document["skipped"][0] == {"code": "RC201", "reason": "no lock"}
    assert document["findings"][1] == {
        "code": "RC301",
        "name": "declared-twice",
        "severity": "error",
        "confidence": "high",
        "message": "`torch` twice",
        "location": {"path": "e.yml", "line": 5, "column": 7},
        "related": [
            {"location": {"path": "e.yml", "line": 3, "column": 5}, "message": "conda `pytorch`"},
            {"location": {"path": "conda-lock.yml", "line": 9, "column": 1}, "message": "locked here"},
            {"location": {"path": "conda-lock.yml", "line": 9, "column": 1}, "message": ""},
        ],
        "packages": [{"manager": "pip", "name": "torch", "version": "2.4.1", "platform": "linux-64"}],
        "platforms": ["linux-64"],
        "evidence": ["the table says so"],
        "fix": "remove it\nor the other",
        "fixable": None,
        "paths": [],
    }


def test_a_clean_audit_says_so() -> None:
    assert rendered("full", Audit(findings=(), skipped=())) == "no findings\n"


def test_several_of_a_kind_are_counted_in_the_plural() -> None:
    twice = Audit(findings=(MILD, MILD), skipped=())
    assert rendered("concise", twice).splitlines()[-1] == "2 infos"


def test_colour_appears_only_when_asked_for() -> None:
    assert "\x1b[31;1merror\x1b[0m" in rendered("full", color=True)
    assert "\x1b" not in rendered("full")


def test_every_format_of_the_folder_is_registered_once() -> None:
    names = ["full", "concise", "json", "json-lines", "github", "gitlab", "junit", "sarif", "markdown"]
    assert list(AUDIT_FORMATS) == names
    assert [audit_format(name).NAME for name in names] == names
    folder = Path(full.__file__).parent
    formats = [
        path.stem for path in folder.glob("*.py") if "def render(report: AuditReport)" in path.read_text("utf-8")
    ]
    assert sorted(f"reprocheck.reports.{stem}" for stem in formats) == sorted(AUDIT_FORMATS.values())


def test_only_the_format_that_is_asked_for_is_imported() -> None:
    code = (
        "import sys; from reprocheck.reports.registry import audit_format; audit_format('concise');"
        "print([name for name in sys.modules if 'sarif' in name or name.endswith('.full')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


HOSTILE = "x\n::add-mask::y\r\x1b[2J\u202e\u200b\x85\u2028"


@pytest.mark.parametrize("name", ["full", "concise", "github"])
def test_hostile_names_are_inert(name: str) -> None:
    finding = Finding(
        code="RC301",
        name="n",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message=HOSTILE,
        location=Location(path=HOSTILE, line=1, column=1),
        related=(RelatedLocation(location=place(1), message=HOSTILE),),
        evidence=(HOSTILE,),
        fix=HOSTILE.replace("\n", ""),
    )
    text = rendered(name, Audit(findings=(finding,), skipped=(Skipped(code="RC401", reason=HOSTILE),)))
    assert not any(line.lstrip().startswith("::add-mask") for line in text.splitlines())
    assert set(text) & set("\r\x1b\u202e\u200b\x85\u2028") == set()


@given(st.text())
def test_visible_text_is_one_line_and_idempotent(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown

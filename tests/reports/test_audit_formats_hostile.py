"""Names come from files that anybody may have written: in no format do they do anything.

Each property reads the report back with a parser that is not ours, and finds the names as text.
"""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reprocheck.model.findings import (
    Audit,
    Confidence,
    Edit,
    Finding,
    Location,
    PackageRef,
    RelatedLocation,
    Severity,
    Skipped,
    Suppression,
)
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.registry import AUDIT_FORMATS, audit_format
from reprocheck.reports.summary import closing_lines
from reprocheck.reports.visible import visible

PAYLOADS = (
    "\x1b[2J\x1b]0;title\x07",
    "::error::owned",
    "\n::add-mask::owned",
    "\u00a0::stop-commands::owned",
    "##[error]owned",
    "##vso[task.complete]",
    "##teamcity[buildStatus]",
    "]]>",
    "<script>alert(1)</script>",
    "</details>",
    "<!--",
    "&lt;",
    "`",
    "```",
    "|",
    "@maintainer",
    "owner/project#1",
    "$x$",
    "[link](https://h.invalid)",
    "![image](https://h.invalid/i.png)",
    "www.h.invalid",
    "https://h.invalid/p?q#f",
    "**bold**",
    "- item",
    "1. item",
    "%0A::error::owned",
    "%25",
    "\u202e",
    "\u2028",
    "\u2066",
    "\u200b",
    "\x00",
    "\x7f",
    "\x85",
    "\r\n",
    "\ud800",
    "\ufffe\uffff",
    "\ufeff",
    "\U000e0041",
    "漢字",
    "e\u0301",
    "\\",
    '"',
    "{0}",
    "long" * 30,
)
ALL = "".join(PAYLOADS)
TEXTS = st.lists(st.sampled_from(PAYLOADS) | st.text(st.characters(), max_size=4), max_size=5).map("".join)
# Paths are given as arguments: neither empty nor with a NUL.
PATHS = TEXTS.map(lambda text: f"e{text}".replace("\x00", "")) | TEXTS.map(
    lambda text: text.replace("\x00", "") or "environment.yml"
)


@dataclass(frozen=True)
class Hostile:
    """One text everywhere a text goes."""

    text: str
    path: str
    severity: Severity = Severity.ERROR

    def report(self) -> AuditReport:
        text, place = self.text, Location(path=self.path, line=2, column=3)
        package = PackageRef(manager="pip", name=text, version=text, platform=text)
        finding = Finding(
            code="RC301",
            name="declared-twice",
            severity=self.severity,
            confidence=Confidence.HIGH,
            message=text,
            location=place,
            related=(RelatedLocation(location=place, message=text),),
            packages=(package,),
            platforms=(text,),
            evidence=(text,),
            fix=text,
            paths=((package, package),),
            edits=(Edit(self.path, 2, 2, (text,), safe=True),),
        )
        idle = Suppression(location=place, code=text, state="unknown", hint=text)
        skipped = (Skipped(code="RC401", reason=text),)
        return AuditReport(
            audit=Audit(findings=(finding,), skipped=skipped, suppressions=(idle,)),
            tool_version="1",
            sources={self.path: ("first", text)},
        )

    def rendered(self, name: str) -> str:
        return audit_format(name).render(self.report())


HOSTILE = st.builds(Hostile, TEXTS, PATHS, st.sampled_from(Severity))
WORST = Hostile(ALL, ALL.replace("\x00", ""))


@pytest.mark.parametrize("name", AUDIT_FORMATS)
@given(HOSTILE)
@example(WORST)
def test_a_report_is_utf_8_without_a_hidden_character(name: str, hostile: Hostile) -> None:
    text = hostile.rendered(name)
    assert text.encode("utf-8").decode("utf-8") == text
    assert {character for character in text if unicodedata.category(character)[0] == "C"} <= {"\n"} | unassigned(text)
    assert not set(text) & {"\u2028", "\u2029"}
    assert text.endswith("\n")


def unassigned(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) == "Cn"}


@dataclass(frozen=True)
class Command:
    """A line that GitHub's runner obeys, as it reads it."""

    name: str
    properties: dict[str, str]
    data: str


def github_commands(text: str) -> Iterator[Command]:
    """Follow actions/runner src/Runner.Common/ActionCommand.cs: TryParseV2, then TryParse."""
    for line in text.splitlines():
        trimmed = line.lstrip()
        if trimmed.startswith("::") and "::" in trimmed[2:]:
            head, _, data = trimmed[2:].partition("::")
            name, _, told = head.partition(" ")
            pairs = (pair.split("=", 1) for pair in told.split(",") if pair)
            properties = {key: unescaped(value, "%0D", "%0A", "%3A", "%2C", "%25") for key, value in pairs}
            yield Command(name, properties, unescaped(data, "%0D", "%0A", "%25"))
        elif "##[" in line and "]" in line:
            yield Command("##[", {}, line)


def unescaped(text: str, *codes: str) -> str:
    for code in codes:
        text = text.replace(code, chr(int(code[1:], 16)))
    return text


@pytest.mark.parametrize("name", [name for name in AUDIT_FORMATS if name != "github"])
@given(HOSTILE)
@example(WORST)
def test_no_line_of_a_report_is_a_command_to_a_ci_system(name: str, hostile: Hostile) -> None:
    text = hostile.rendered(name)
    assert list(github_commands(text)) == []
    assert not re.search(r"##\w*\[", text)


@given(HOSTILE)
@example(WORST)
def test_github_reads_one_annotation_a_finding_and_nothing_else(hostile: Hostile) -> None:
    (command,) = github_commands(hostile.rendered("github"))
    assert command.name == {"error": "error", "warning": "warning", "info": "notice"}[hostile.severity.value]
    assert command.properties == {
        "file": cut(visible(hostile.path)),
        "line": "2",
        "col": "3",
        "title": "RC301 declared-twice",
    }
    message = hostile.text + (f"\nfix: {hostile.text}" if hostile.text else "")
    assert command.data == cut("\n".join(visible(line) for line in message.split("\n")))


def cut(text: str) -> str:
    return text if len(text) <= 4096 else text[:4095] + "…"


@given(HOSTILE)
@example(WORST)
def test_concise_is_one_line_a_finding(hostile: Hostile) -> None:
    report = hostile.report()
    assert len(hostile.rendered("concise").splitlines()) == 1 + len(closing_lines(report.audit))


@given(HOSTILE)
@example(WORST)
def test_full_puts_nothing_of_a_name_at_the_start_of_a_line_but_the_path(hostile: Hostile) -> None:
    lines = hostile.rendered("full").splitlines()
    body = lines[1 : lines.index("")]
    assert all(line.startswith("  ") for line in body)


@given(HOSTILE)
@example(WORST)
def test_json_holds_names_exactly(hostile: Hostile) -> None:
    (found,) = json.loads(hostile.rendered("json"))["findings"]
    first, last = (json.loads(line) for line in hostile.rendered("json-lines").splitlines())
    assert first == {"schema": "reprocheck/finding/1", **found}
    assert found["message"] == found["fix"] == found["evidence"][0] == last["skipped"][0]["reason"] == hostile.text
    assert found["location"]["path"] == hostile.path
    assert found["fixable"] == "safe"


@given(HOSTILE)
@example(WORST)
def test_gitlab_shows_names_as_text(hostile: Hostile) -> None:
    (row,) = json.loads(hostile.rendered("gitlab"))
    assert row["description"].startswith(visible(hostile.text))
    assert row["location"] == {"path": hostile.path, "lines": {"begin": 2}}


@given(HOSTILE)
@example(WORST)
def test_junit_is_well_formed_whatever_the_names(hostile: Hostile) -> None:
    root = ET.fromstring(hostile.rendered("junit").encode("utf-8"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "system-out",
    }
    assert [case.get("name") for case in root.iter("testcase")] == ["RC301 declared-twice", "RC401"]


@given(HOSTILE)
@example(WORST)
def test_sarif_messages_hold_no_link(hostile: Hostile) -> None:
    (run,) = json.loads(hostile.rendered("sarif"))["runs"]
    texts = [run["results"][0]["message"]["text"], run["results"][0]["relatedLocations"][0]["message"]["text"]]
    assert all(texts)
    assert not any(re.search(r"\]\(", text) for text in texts)


@given(HOSTILE)
@example(WORST)
def test_markdown_is_a_table_and_folds_and_links_to_nothing(hostile: Hostile) -> None:
    text = hostile.rendered("markdown")
    tokens = list(walk(MarkdownIt("gfm-like").parse(text)))
    kinds = [token.type for token in tokens]
    assert kinds.count("tr_open") == 2
    assert kinds.count("td_open") == 3
    assert not {"link_open", "image", "s_open", "em_open"} & set(kinds)
    html = {tag for token in tokens if token.type.startswith("html") for tag in re.findall(r"<[^>]*>", token.content)}
    assert html <= {"<details>", "</details>", "<summary>", "</summary>", "<br>"}
    prose = "".join(token.content for token in tokens if token.type == "text")
    assert not re.search(r"[@$]|://|www\.|#\d", prose)


def walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or [])


@pytest.mark.parametrize("name", AUDIT_FORMATS)
def test_a_message_of_a_megabyte_breaks_nothing(name: str) -> None:
    hostile = Hostile("\u202e" * 100_000 + "x" * 1_000_000, "environment.yml")
    text = hostile.rendered(name)
    if name == "markdown":
        assert len(text.encode()) <= 65_536
    assert text.endswith("\n")

"""Every format, read by a parser that is not ours: OASIS' schema, junitparser, a Markdown parser."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import FormatChecker
from junitparser import Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from reprocheck.model.findings import Audit, Edit, Finding, Location, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.finding_keys import finding_keys
from reprocheck.reports.markdown import render_within
from reprocheck.reports.registry import AUDIT_FORMATS, audit_format


def sarif_run(report: AuditReport) -> dict[str, Any]:
    (run,) = json.loads(audit_format("sarif").render(report))["runs"]
    assert isinstance(run, dict)
    return run


def with_findings(report: AuditReport, *findings: Finding) -> AuditReport:
    return replace(report, audit=Audit(findings=findings, skipped=()))


def test_the_format_checkers_are_there() -> None:
    """Without a library for it, jsonschema takes any text for a URI."""
    assert not FormatChecker(["uri-reference"]).conforms("my env.yml", "uri-reference")


def test_sarif_is_valid_against_the_schema_of_oasis(
    whole_report: AuditReport, sarif_faults: Callable[[str], list[str]]
) -> None:
    for report in (whole_report, replace(whole_report, rules=()), with_findings(whole_report)):
        assert sarif_faults(audit_format("sarif").render(report)) == []
    assert sarif_faults('{"version": "2.1.0", "runs": [{}]}') == ["['runs', 0]: 'tool' is a required property"]


def test_every_sarif_result_has_a_place_a_rule_and_a_level(whole_report: AuditReport) -> None:
    run = sarif_run(whole_report)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["RC103", "RC106", "RC202", "RC301", "RC401"]
    assert [(rules[result["ruleIndex"]]["id"], result["level"]) for result in run["results"]] == [
        ("RC202", "warning"),
        ("RC301", "error"),
        ("RC103", "note"),
    ]
    assert [result["ruleId"] for result in run["results"]] == ["RC202", "RC301", "RC103"]
    assert run["results"][1]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "envs/my%20env.yml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 5, "startColumn": 5},
            }
        }
    ]


def test_a_sarif_message_holds_all_that_a_reader_needs(whole_report: AuditReport) -> None:
    result = sarif_run(whole_report)["results"][1]
    assert result["message"]["text"].splitlines() == [
        "`torch==2.6.0` (pip) is also `pytorch=2.5` (conda)",
        "envs/my env.yml declares deepspeed (pip)",
        "└─ needs pytorch 2.5 (conda)",
        "conda package `pytorch` installs PyPI project `torch`",
        "fix: remove line 5",
        "fix: or line 3",
    ]
    assert [place["message"]["text"] for place in result["relatedLocations"]] == [
        "conda is asked for `pytorch=2.5`",
        "see here",
    ]
    assert result["properties"] == {
        "confidence": "high",
        "packages": ["pip linux-64 torch 2.6.0", "conda pytorch"],
        "platforms": ["linux-64"],
    }


def test_a_sarif_rule_is_its_page(whole_report: AuditReport) -> None:
    rule = sarif_run(whole_report)["tool"]["driver"]["rules"][3]
    assert rule["shortDescription"] == {"text": "One project comes from two sides."}
    assert rule["fullDescription"]["text"].startswith("Whether `conda` and `pip` both bring it, on one platform.")
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"] == {"precision": "high", "problem.severity": "error", "tags": ["lock"]}
    assert rule["help"]["text"] == whole_report.rules[3].page
    assert rule["help"]["markdown"] == (
        "# RC301 declared-twice\n\nOne project comes from two sides.\n\n## What it checks\n\n"
        "Whether `conda` and `pip` both bring it, on one platform.\n\nAlso through dependencies.\n\n"
        "## Bad\n\n```yaml\ndependencies:\n  - pytorch\n```\n\n## Good\n\n```yaml\ndependencies:\n  - torch\n```\n\n"
        '## Sources\n\ndocs.invalid "Two sides", read 2026-11-20.'
    )


def test_rules_that_could_not_look_are_notifications(whole_report: AuditReport) -> None:
    (invocation,) = sarif_run(whole_report)["invocations"]
    assert [(told["associatedRule"], told["message"]["text"]) for told in invocation["toolExecutionNotifications"]] == [
        ({"id": "RC202", "index": 2}, "RC202 was skipped: no lock beside b.yml"),
        ({"id": "RC401", "index": 4}, "RC401 was skipped: no machine"),
    ]


def test_sarif_offers_the_edits_as_one_fix(whole_report: AuditReport) -> None:
    place = {"uri": "envs/my%20env.yml", "uriBaseId": "%SRCROOT%"}
    assert sarif_run(whole_report)["results"][1]["fixes"] == [
        {
            "description": {"text": "remove line 5 or line 3"},
            "artifactChanges": [
                {
                    "artifactLocation": place,
                    "replacements": [
                        {
                            "deletedRegion": {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1},
                            "insertedContent": {"text": "  - pytorch=2.6\n"},
                        },
                        {"deletedRegion": {"startLine": 5, "startColumn": 1, "endLine": 6, "endColumn": 1}},
                    ],
                }
            ],
        }
    ]
    assert "fixes" not in sarif_run(whole_report)["results"][0]


def test_a_sarif_fix_never_shows_a_credential_nor_touches_another_file(whole_report: AuditReport) -> None:
    _, twice, _ = whole_report.audit.findings
    secret = Edit("envs/my env.yml", 2, 1, ("  - https://me:secret@h.invalid/t/x",), safe=True)
    lock = Edit("conda-lock.yml", 2, 2, ("a",), safe=True)
    for edit in (secret, lock):
        report = with_findings(whole_report, replace(twice, edits=(*twice.edits, edit)))
        assert "fixes" not in sarif_run(report)["results"][0]
    bare = replace(twice, fix="", edits=(Edit("envs/my env.yml", 2, 1, ("a",), safe=True),))
    (fix,) = sarif_run(with_findings(whole_report, bare))["results"][0]["fixes"]
    (change,) = fix.pop("artifactChanges")
    assert fix == {}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 1},
            "insertedContent": {"text": "a\n"},
        }
    ]


@pytest.mark.parametrize(
    ("path", "uri", "base"),
    [
        ("a:b.yml", "a%3Ab.yml", "%SRCROOT%"),
        ("50%.yml", "50%25.yml", "%SRCROOT%"),
        ("../環境.yml", "../%E7%92%B0%E5%A2%83.yml", "%SRCROOT%"),
        ("a\\b#c?.yml", "a%5Cb%23c%3F.yml", "%SRCROOT%"),
        ("/srv/my env.yml", "file:///srv/my%20env.yml", None),
        ("C:/my env.yml", "file:///C%3A/my%20env.yml", None),
        ("\ud800.yml", "%ED%A0%80.yml", "%SRCROOT%"),
    ],
)
def test_sarif_paths_are_percent_encoded(
    whole_report: AuditReport, sarif_faults: Callable[[str], list[str]], path: str, uri: str, base: str | None
) -> None:
    stale = replace(whole_report.audit.findings[0], location=Location(path=path, line=1, column=1))
    report = with_findings(whole_report, stale)
    place = sarif_run(report)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert (place["uri"], place.get("uriBaseId")) == (uri, base)
    assert sarif_faults(audit_format("sarif").render(report)) == []


def test_junit_has_one_test_a_rule(whole_report: AuditReport, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(audit_format("junit").render(whole_report), encoding="utf-8")
    xml = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    (suite,) = xml
    assert (xml.tests, xml.failures, xml.errors, xml.skipped, xml.time) == (5, 2, 0, 1, 0)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 2, 0, 1)
    told = [(case.name, case.classname, [(type(part), part.message) for part in case.result]) for case in suite]
    assert told == [
        ("RC103 unpinned", "reprocheck.RC1xx", []),
        ("RC106 unlockable-pip-line", "reprocheck.RC1xx", []),
        ("RC202 lock-stale", "reprocheck.RC2xx", [(Failure, "the lock is stale")]),
        (
            "RC301 declared-twice",
            "reprocheck.RC3xx",
            [(Failure, "`torch==2.6.0` (pip) is also `pytorch=2.5` (conda)")],
        ),
        ("RC401 driver-too-old", "reprocheck.RC4xx", [(Skipped, "no machine")]),
    ]


def test_junit_fails_where_the_check_fails_and_keeps_the_rest_as_output(whole_report: AuditReport) -> None:
    strict = ET.fromstring(audit_format("junit").render(replace(whole_report, fails_from=Severity.INFO)))
    assert strict.get("failures") == "3"
    usual = ET.fromstring(audit_format("junit").render(whole_report))
    outputs = [element.text for element in usual.iter("system-out")]
    assert (
        outputs[0]
        == "envs/my env.yml:6:5: info RC103 unpinned\n  `deepspeed` has no bound\n  6 |     - deepspeed\n    |     ^"
    )
    assert outputs[1] == (
        "1 error, 1 warning, 1 info (1 suppressed)\n1 fixable with --unsafe-fixes\n"
        "skipped RC202: no lock beside b.yml\nskipped RC401: no machine"
    )


def test_junit_gathers_the_findings_of_a_rule_in_one_failure(whole_report: AuditReport) -> None:
    stale, twice, _ = whole_report.audit.findings
    milder = replace(twice, severity=Severity.WARNING, location=stale.location)
    report = with_findings(whole_report, milder, twice)
    (failure,) = ET.fromstring(audit_format("junit").render(report)).iter("failure")
    assert failure.get("type") == "error"
    assert failure.get("message") == "`torch==2.6.0` (pip) is also `pytorch=2.5` (conda) (and 1 more)"
    assert (failure.text or "").count("RC301 declared-twice") == 2


def test_gitlab_rows_have_what_code_quality_needs(whole_report: AuditReport) -> None:
    rows = json.loads(audit_format("gitlab").render(whole_report))
    assert [row["severity"] for row in rows] == ["major", "critical", "info"]
    assert rows[1] == {
        "check_name": "RC301 declared-twice",
        "description": "`torch==2.6.0` (pip) is also `pytorch=2.5` (conda); fix: remove line 5 or line 3",
        "fingerprint": finding_keys(whole_report.audit.findings)[1],
        "location": {"path": "envs/my env.yml", "lines": {"begin": 5}},
        "severity": "critical",
    }


def test_keys_stay_where_lines_and_versions_move_and_are_never_shared(whole_report: AuditReport) -> None:
    stale, twice, unpinned = whole_report.audit.findings
    moved = replace(twice, location=replace(twice.location, line=50), message="`torch==2.7.0` (pip), line 50")
    assert finding_keys([moved]) == finding_keys([twice])
    assert finding_keys([replace(stale, message="the lock is stale since 9 days")]) == finding_keys(
        [replace(stale, message="the lock is stale since 10 days")]
    )
    different = [
        stale,
        twice,
        unpinned,
        twice,
        replace(twice, code="RC302"),
        replace(twice, platforms=("linux-64", "win-64")),
        replace(twice, location=replace(twice.location, path="other.yml")),
        replace(stale, message="other words"),
    ]
    keys = finding_keys(different)
    assert len(set(keys)) == len(different)
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


def many(report: AuditReport, number: int) -> AuditReport:
    _, twice, unpinned = report.audit.findings
    places = [replace(twice.location, line=line) for line in range(1, number + 1)]
    return with_findings(report, *(replace(kind, location=place) for place in places for kind in (unpinned, twice)))


def test_github_gets_ten_annotations_of_a_level_and_the_log_the_others(whole_report: AuditReport) -> None:
    lines = audit_format("github").render(many(whole_report, 12)).splitlines()
    assert [line.split(" ")[0] for line in lines[:20]] == ["::error"] * 10 + ["::notice"] * 10
    assert lines[20] == "4 more, which GitHub would not show as annotations:"
    assert lines[21].startswith("envs/my env.yml:11:5: RC301 error: `torch==2.6.0`")
    assert lines[25] == "12 errors, 12 infos"


def test_markdown_sums_up_and_has_a_table_a_severity(whole_report: AuditReport) -> None:
    text = audit_format("markdown").render(whole_report)
    tokens = MarkdownIt("gfm-like").parse(text)
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == ["Error", "Warning", "Info"]
    assert [token.type for token in tokens].count("table_open") == 3
    assert text.startswith(
        "**1 error, 1 warning, 1 info (1 suppressed)**\n\n1 fixable with --unsafe-fixes\n\n### Error\n"
    )
    assert (
        "| `RC301` declared-twice | `envs/my env.yml:5` | `torch==2.6.0` (pip) is also `pytorch=2.5` (conda) |\n"
        in text
    )
    assert (
        "```\n5 |     - torch==2.6.0\n  |     ^\n3 |   - pytorch=2.5\n  |     ^ conda is asked for `pytorch=2.5`\n"
        "envs/my env.yml declares deepspeed (pip)\n└─ needs pytorch 2.5 (conda)\n```\n\n"
        "- conda package `pytorch` installs PyPI project `torch`\n\nFix: remove line 5<br>or line 3\n" in text
    )
    assert text.endswith(
        "<details><summary>Rules that could not look (2)</summary>\n\n"
        "- skipped RC202: no lock beside b.yml\n- skipped RC401: no machine\n\n</details>\n"
    )


@pytest.mark.parametrize(
    ("number", "fewer_rows", "fewer_details"),
    [(1, False, False), (100, False, True), (300, False, True), (1_000, True, True)],
)
def test_markdown_keeps_within_a_comment_and_counts_what_it_leaves_out(
    whole_report: AuditReport, number: int, fewer_rows: bool, fewer_details: bool
) -> None:
    text = audit_format("markdown").render(many(whole_report, number))
    assert len(text.encode()) <= 60_000
    rows = sum(line.startswith("| `RC") for line in text.splitlines())
    details = sum(line.startswith("**`RC") for line in text.splitlines())
    told = [line for line in text.splitlines() if "left out here" in line]
    assert (rows < 2 * number, details < rows) == (fewer_rows, fewer_details)
    number_of = f"{2 * number - rows} more findings" if fewer_rows else f"Details of {rows - details} findings"
    assert told == [f"{number_of} are left out here for want of room; other formats have them."] * fewer_details


def test_a_step_summary_has_more_room(whole_report: AuditReport) -> None:
    assert 60_000 < len(render_within(many(whole_report, 1_000), 900_000).encode()) <= 900_000


def test_long_lists_of_skips_are_cut_in_markdown(whole_report: AuditReport) -> None:
    from reprocheck.model.findings import Skipped as SkippedRule

    skipped = tuple(SkippedRule(code=f"RC{number}", reason="because " * 10 + str(number)) for number in range(100, 200))
    text = audit_format("markdown").render(replace(whole_report, audit=Audit(findings=(), skipped=skipped)))
    assert text.startswith("**No findings**\n\n<details><summary>Rules that could not look (100)</summary>\n")
    assert text.count("- skipped") == 9
    assert "- and 91 more lines\n\n</details>\n" in text


@pytest.mark.parametrize("name", AUDIT_FORMATS)
def test_an_audit_without_findings_is_told_in_every_format(name: str, whole_report: AuditReport) -> None:
    text = audit_format(name).render(with_findings(whole_report))
    assert text.strip()

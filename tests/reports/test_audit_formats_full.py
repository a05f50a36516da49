"""The format for people: the caret stands where the column is, paths are drawn, long texts fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.findings import Audit, Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.excerpts import excerpt_lines
from reprocheck.reports.full import render
from reprocheck.reports.log_text import log_text
from reprocheck.reports.package_paths import path_lines
from reprocheck.reports.terminal_text import columns

LONG = (
    "`accelerate>=1.2` (pip) pulls in `torch 2.6.0` (pip), which replaces `pytorch 2.5.1` (conda): "
    "what runs is neither of the two"
)


def at(line: int, column: int = 1, path: str = "environment.yml") -> Location:
    return Location(path=path, line=line, column=column)


def ref(name: str, version: str | None = None, platform: str | None = None, manager: str = "conda") -> PackageRef:
    return PackageRef(manager=manager, name=name, version=version, platform=platform)


PLAIN = Finding(
    code="RC303",
    name="pip-shadows-conda",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    message=LONG,
    location=at(1),
)


def report(finding: Finding, *lines: str, width: int | None = None) -> AuditReport:
    return AuditReport(
        audit=Audit(findings=(finding,), skipped=()),
        tool_version="1",
        sources={"environment.yml": lines},
        width=width,
    )


def excerpt(line: str, column: int, width: int | None = None) -> tuple[str, str]:
    """Return what is above the caret, and the lines."""
    told = report(replace(PLAIN, location=at(1, column)), line, width=width)
    text, below = excerpt_lines(PLAIN if column == 1 else told.audit.findings[0], told)
    return text, below


@pytest.mark.parametrize(
    ("line", "marked", "expected"),
    [
        ("  - torch", "t", ("1 |   - torch", "  |     ^")),
        ("\t- torch", "t", ("1 |     - torch", "  |       ^")),
        ("- 漢字: torch", "t", ("1 | - 漢字: torch", "  |         ^")),
        ("- e\u0301te\u0301: x", "x", ("1 | - e\u0301te\u0301: x", "  |        ^")),
        ("- \u202ea: x", "x", ("1 | - \\u{202e}a: x", "  |              ^")),
        ("- 🙂: x", "x", ("1 | - 🙂: x", "  |       ^")),
    ],
)
def test_the_caret_stands_below_its_character(line: str, marked: str, expected: tuple[str, str]) -> None:
    assert excerpt(line, line.index(marked) + 1) == expected


def test_a_column_behind_the_line_is_still_shown() -> None:
    assert excerpt("ab", 5) == ("1 | ab", "  |   ^")


@given(st.text(st.sampled_from("ab 漢\t\u0301\u202e"), max_size=300), st.integers(1, 320), st.integers(40, 100))
def test_an_excerpt_fits_and_the_caret_stands_inside(line: str, column: int, width: int) -> None:
    text, below = excerpt(line, column, width)
    assert columns(text) <= width - 2
    assert below.index("^") <= width - 2


def test_a_long_line_is_cut_on_both_sides_of_the_caret() -> None:
    text, below = excerpt("- a: " + "x" * 300 + "HERE" + "y" * 300, 306, 40)
    assert (text, below) == ("1 | …xxxxxxxxxxxxxxxxHERE" + "y" * 12 + "…", "  |                  ^")
    assert excerpt("x" * 500, 1) == ("1 | " + "x" * 193 + "…", "  | ^")


def test_a_line_of_another_file_stands_under_its_name() -> None:
    finding = replace(
        PLAIN,
        location=at(24, 1, "conda-lock.yml"),
        related=(
            RelatedLocation(location=at(1, 1, "a.yml"), message="declared here"),
            RelatedLocation(location=at(2, 1, "a.yml"), message=""),
            RelatedLocation(location=at(9, 1, "a.yml"), message=""),
        ),
    )
    told = replace(report(finding), sources={"a.yml": ("- torch", "- pip")})
    assert list(excerpt_lines(finding, told)) == [
        "in a.yml:",
        " 1 | - torch",
        "   | ^ declared here",
        " 2 | - pip",
        "   | ^",
    ]


def test_a_related_place_without_a_line_that_heads_the_finding_is_not_told_again() -> None:
    place = at(24, 1, "conda-lock.yml")
    finding = replace(PLAIN, location=place, related=(RelatedLocation(location=place, message="the package"),))
    assert list(excerpt_lines(finding, report(finding))) == []


def test_of_many_places_some_are_shown_and_the_others_counted() -> None:
    related = tuple(RelatedLocation(location=at(line, 1, "conda-lock.yml"), message="locked") for line in range(1, 200))
    finding = replace(PLAIN, related=related)
    lines = list(excerpt_lines(finding, report(finding, "- torch")))
    assert lines[-2:] == ["see conda-lock.yml:8:1: locked", "and 191 more places"]
    assert len(lines) == 2 + 8 + 1


PATH = (
    ref("deepspeed", "0.16", "linux-64", "pip"),
    ref("torch", "2.6.0", "linux-64", "pip"),
    ref("nccl", None, "linux-64"),
)


def test_a_path_is_drawn_from_what_was_declared() -> None:
    finding = replace(PLAIN, paths=(PATH, (ref("alone"),)))
    assert list(path_lines(finding, report(finding, "- torch"))) == [
        "environment.yml declares deepspeed 0.16 (pip)",
        "└─ needs torch 2.6.0 (pip)",
        "   └─ needs nccl (conda)",
    ]


def test_a_path_that_another_one_begins_with_is_drawn_in_that_one() -> None:
    finding = replace(PLAIN, paths=(PATH[:2], PATH))
    assert [line[-10:] for line in path_lines(finding, report(finding))] == ["0.16 (pip)", ".6.0 (pip)", "cl (conda)"]


def test_a_path_of_several_platforms_is_drawn_once() -> None:
    on_windows = tuple(replace(step, platform="win-64") for step in PATH)
    finding = replace(PLAIN, paths=(PATH, on_windows))
    assert [line[:2] for line in path_lines(finding, report(finding))] == ["en", "└─", "  "]
    other = (ref("a", "1", "linux-64"), ref("b", "2", "linux-64"))
    mixed = replace(PLAIN, paths=(PATH, other, on_windows))
    assert [line for line in path_lines(mixed, report(mixed)) if "└─" not in line] == [
        "environment.yml declares deepspeed 0.16 (pip) on linux-64, win-64",
        "environment.yml declares a 1 (conda) on linux-64",
    ]


def test_without_one_file_that_declares_none_is_named() -> None:
    finding = replace(PLAIN, paths=(PATH,), location=at(1, 1, "conda-lock.yml"))
    bare = AuditReport(audit=Audit(findings=(finding,), skipped=()), tool_version="1")
    assert next(path_lines(finding, bare)) == "declared: deepspeed 0.16 (pip)"
    several = replace(bare, sources={"a.yml": (), "b.yml": ()})
    assert next(path_lines(finding, several)) == "declared: deepspeed 0.16 (pip)"
    related = replace(finding, related=(RelatedLocation(location=at(1, 1, "b.yml"), message=""),))
    assert next(path_lines(related, several)) == "b.yml declares deepspeed 0.16 (pip)"


def test_long_paths_and_many_paths_are_shortened() -> None:
    long = tuple(ref(f"p{number}") for number in range(20))
    many = tuple((ref(f"a{number}"), ref("b")) for number in range(9))
    lines = list(path_lines(replace(PLAIN, paths=(long, *many)), report(PLAIN)))
    assert lines[3:8] == [
        "      └─ needs p3 (conda)",
        "         └─ needs p4 (conda)",
        "            └─ … 11 more",
        "               └─ needs p16 (conda)",
        "                  └─ needs p17 (conda)",
    ]
    assert lines[-3:] == ["environment.yml declares a2 (conda)", "└─ needs b (conda)", "and along 6 more"]


WHOLE = replace(
    PLAIN,
    evidence=("conda package `pytorch` installs PyPI project `torch`, says the name map of 2026-11-20",),
    fix="remove `accelerate>=1.2` from the pip part\n`reprocheck lock --cuda 12.6 -p linux-64 -p win-64 -p osx-arm64`",
    paths=(PATH,),
)


def test_on_a_terminal_prose_is_wrapped_below_itself_and_code_stays_whole() -> None:
    assert render(report(WHOLE, "- accelerate>=1.2", width=60)) == (
        "environment.yml:1:1: warning RC303 pip-shadows-conda\n"
        "  `accelerate>=1.2` (pip) pulls in `torch 2.6.0` (pip),\n"
        "  which replaces `pytorch 2.5.1` (conda): what runs is\n"
        "  neither of the two\n"
        "  1 | - accelerate>=1.2\n"
        "    | ^\n"
        "  environment.yml declares deepspeed 0.16 (pip)\n"
        "  └─ needs torch 2.6.0 (pip)\n"
        "     └─ needs nccl (conda)\n"
        "  = conda package `pytorch` installs PyPI project `torch`,\n"
        "    says the name map of 2026-11-20\n"
        "  fix: remove `accelerate>=1.2` from the pip part\n"
        "       `reprocheck lock --cuda 12.6 -p linux-64 -p win-64 -p osx-arm64`\n"
        "\n"
        "1 warning\n"
    )


def test_without_a_terminal_no_text_is_wrapped() -> None:
    text = render(report(WHOLE, "- accelerate>=1.2"))
    assert f"\n  {LONG}\n" in text
    assert max(map(len, text.splitlines())) > 100


def test_colour_changes_no_text() -> None:
    plain = report(WHOLE, "- accelerate>=1.2", width=60)
    colored = render(replace(plain, color=True))
    for code in ("33;1", "31;1", "32;1", "1", "0"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == render(plain)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::error::x", "\\u{3a}:error::x"),
        ("  ::error::x", "  \\u{3a}:error::x"),
        ("a ::error::x", "a ::error::x"),
        ("conda-forge::numpy", "conda-forge::numpy"),
        ("a ##[error]x", "a #\\u{23}[error]x"),
        ("a ##vso[task]x", "a #\\u{23}vso[task]x"),
        ("## heading", "## heading"),
    ],
)
def test_a_log_line_is_no_command(line: str, expected: str) -> None:
    assert log_text([line]) == expected + "\n"

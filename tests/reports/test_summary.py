"""The closing lines of every text report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.findings import Audit, Confidence, Edit, Finding, Location, Severity, Skipped, Suppression
from reprocheck.reports.summary import closing_lines, counts_line, fix_lines, skipped_lines

PLACE = Location(path="e.yml", line=4, column=9)
SAFE = Edit(path="e.yml", first=4, last=4, lines=(), safe=True)
UNSAFE = SAFE._replace(safe=False)
EMPTY = Audit(findings=(), skipped=())


def finding(*edits: Edit) -> Finding:
    return Finding(
        code="RC101",
        name="n",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="m",
        location=PLACE,
        edits=edits,
    )


@pytest.mark.parametrize(
    ("audit", "expected"),
    [
        (EMPTY, "no findings"),
        (replace(EMPTY, suppressed=2), "no findings (2 suppressed)"),
        (replace(EMPTY, findings=(finding(),), known=1), "1 error (1 in the baseline)"),
        (replace(EMPTY, suppressed=3, known=1), "no findings (3 suppressed, 1 in the baseline)"),
    ],
)
def test_what_is_not_shown_is_counted(audit: Audit, expected: str) -> None:
    assert counts_line(audit) == expected


@pytest.mark.parametrize(
    ("fixed", "found", "expected"),
    [
        (0, [finding()], []),
        (2, [], ["2 fixed"]),
        (2, [finding(UNSAFE)], ["2 fixed, 1 fixable with --unsafe-fixes"]),
        (0, [finding(SAFE), finding(SAFE, UNSAFE)], ["1 fixable with --fix, 1 fixable with --unsafe-fixes"]),
        (0, [finding(SAFE, SAFE)], ["1 fixable with --fix"]),
    ],
)
def test_a_mend_is_as_safe_as_its_least_safe_edit(fixed: int, found: list[Finding], expected: list[str]) -> None:
    assert fix_lines(replace(EMPTY, findings=tuple(found), fixed=fixed)) == expected


def test_the_lines_have_one_order() -> None:
    audit = Audit(
        findings=(finding(SAFE),),
        skipped=(Skipped(code="RC202", reason="no lock"), Skipped(code="RC203", reason="no lock")),
        suppressions=(
            Suppression(PLACE, "RC101", "used"),
            Suppression(PLACE, "RC102", "unused"),
            Suppression(PLACE, "RC103", "undecided"),
            Suppression(PLACE, "RC1", "unknown", "RC101"),
            Suppression(PLACE, "RC988", "unknown"),
            Suppression(PLACE, "", "unknown"),
        ),
    )
    assert closing_lines(audit) == [
        "1 error",
        "1 fixable with --fix",
        "e.yml:4:9: unused suppression: RC102 finds nothing here",
        "e.yml:4:9: suppression of an unknown rule: RC1, did you mean RC101?",
        "e.yml:4:9: suppression of an unknown rule: RC988",
        "e.yml:4:9: suppression without a rule: write `# reprocheck: ignore RC101 -- reason`, without brackets",
        "skipped RC202, RC203: no lock",
    ]


def test_many_rules_that_share_a_reason_are_counted_for_a_reader() -> None:
    skipped = tuple(Skipped(code=f"RC20{digit}", reason="no lock") for digit in "2345")
    assert skipped_lines(skipped, every_code=False) == ["skipped 4 rules (-v names them): no lock"]
    assert skipped_lines(skipped) == ["skipped RC202, RC203, RC204, RC205: no lock"]
    assert skipped_lines(skipped[:3], every_code=False) == ["skipped RC202, RC203, RC204: no lock"]

"""One line a rule, the one that fires most first."""

from __future__ import annotations

from reprocheck.model.findings import Audit, Confidence, Edit, Finding, Location, Severity
from reprocheck.reports.statistics import statistics_lines

SAFE = Edit(path="e.yml", first=1, last=1, lines=(), safe=True)


def finding(code: str, severity: Severity, *edits: Edit) -> Finding:
    return Finding(
        code=code,
        name=f"rule-{code.lower()}",
        severity=severity,
        confidence=Confidence.HIGH,
        message="m",
        location=Location(path="e.yml", line=1, column=1),
        edits=edits,
    )


def test_rules_are_counted_with_their_severities_and_mends() -> None:
    found = [finding("RC301", Severity.WARNING, SAFE._replace(safe=False))]
    found += [finding("RC301", Severity.ERROR, SAFE, SAFE._replace(safe=False))]
    found += [finding("RC102", Severity.ERROR, SAFE), finding("RC201", Severity.INFO)]
    found += [finding("RC301", Severity.ERROR, SAFE) for _ in range(9)]
    assert statistics_lines(Audit(findings=tuple(found), skipped=())) == [
        "11  RC301  rule-rc301  10 error, 1 warning  9 fixable, 2 unsafely fixable",
        " 1  RC102  rule-rc102  1 error              1 fixable",
        " 1  RC201  rule-rc201  1 info",
    ]


def test_nothing_has_no_lines() -> None:
    assert statistics_lines(Audit(findings=(), skipped=())) == []

"""How often each rule fired: `--statistics`."""

from __future__ import annotations

from itertools import groupby

from reprocheck.model.findings import Audit, Finding, Severity
from reprocheck.reports.summary import fixable, tally


def statistics_lines(audit: Audit) -> list[str]:
    """Return one line a rule, the one that fires most first: how often, how badly, and how many can be mended."""
    by_code = sorted(audit.findings, key=lambda finding: finding.code)
    groups = [tuple(group) for _, group in groupby(by_code, lambda finding: finding.code)]
    ordered = sorted(groups, key=lambda group: (-len(group), group[0].code))
    columns = [[str(len(group)), group[0].code, group[0].name, _severities(group)] for group in ordered]
    widths = [max((len(row[index]) for row in columns), default=0) for index in range(4)]
    return [
        "  ".join([row[0].rjust(widths[0]), *map(str.ljust, row[1:], widths[1:]), _mends(group)]).rstrip()
        for row, group in zip(columns, ordered, strict=True)
    ]


def _severities(findings: tuple[Finding, ...]) -> str:
    return tally((sum(one.severity is severity for one in findings), severity.value) for severity in Severity)


def _mends(findings: tuple[Finding, ...]) -> str:
    safe, unsafe = fixable(findings)
    return tally(((safe, "fixable"), (unsafe, "unsafely fixable")))

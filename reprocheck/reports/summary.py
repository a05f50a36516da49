"""The closing lines of a text report: counts, and the rules that could not look."""

from __future__ import annotations

from itertools import groupby

from reprocheck.model.findings import Audit, Severity, Skipped
from reprocheck.reports.visible import visible

_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


def counts_line(audit: Audit) -> str:
    """Return for example `1 error, 2 warnings (3 suppressed)`, or `no findings`."""
    parts = [_counted(audit, severity) for severity in Severity if audit.count(severity)]
    silenced = f" ({audit.suppressed} suppressed)" if audit.suppressed else ""
    return (", ".join(parts) or "no findings") + silenced


def skipped_lines(skipped: tuple[Skipped, ...]) -> list[str]:
    """Return one line for each reason, with the codes that share it."""
    by_reason = sorted(skipped, key=lambda skip: (skip.reason, skip.code))
    groups = [(reason, [skip.code for skip in group]) for reason, group in groupby(by_reason, lambda s: s.reason)]
    return [f"skipped {', '.join(codes)}: {visible(reason)}" for reason, codes in sorted(groups, key=lambda g: g[1])]


def _counted(audit: Audit, severity: Severity) -> str:
    number = audit.count(severity)
    return f"{number} {severity.value if number == 1 else _PLURALS[severity]}"

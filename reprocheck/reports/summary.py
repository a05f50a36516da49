"""The closing lines of a text report: counts, mends, idle comments, rules that could not look."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from reprocheck.model.findings import Audit, Finding, Severity, Skipped, Suppression
from reprocheck.reports.visible import visible

_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


_MOST_CODES = 3


def closing_lines(audit: Audit, *, every_code: bool = True) -> list[str]:
    """Return every closing line, in order; without `every_code` many rules that share a reason are only tally."""
    skips = skipped_lines(audit.skipped, every_code=every_code)
    return [counts_line(audit), *fix_lines(audit), *suppression_lines(audit), *skips]


def counts_line(audit: Audit) -> str:
    """Return for example `1 error, 2 warnings (3 suppressed, 1 in the baseline)`, or `no findings`."""
    parts = [_counted(audit, severity) for severity in Severity if audit.count(severity)]
    unseen = ((audit.suppressed, "suppressed"), (audit.known, "in the baseline"))
    silenced = tally(unseen)
    return (", ".join(parts) or "no findings") + (f" ({silenced})" if silenced else "")


def fix_lines(audit: Audit) -> list[str]:
    """Return for example `2 fixed, 1 fixable with --unsafe-fixes`; nothing where nothing was or can be mended."""
    safe, unsafe = fixable(audit.findings)
    told = tally(((audit.fixed, "fixed"), (safe, "fixable with --fix"), (unsafe, "fixable with --unsafe-fixes")))
    return [told] if told else []


def fixable(findings: Collection[Finding]) -> tuple[int, int]:
    """Return how many findings can be mended safely, and how many unsafely."""
    safe = sum(finding.has_safe_fix for finding in findings)
    return safe, sum(bool(finding.edits) for finding in findings) - safe


def tally(parts: Iterable[tuple[int, str]]) -> str:
    """Return for example `2 fixed, 1 suppressed`: what there is any of."""
    return ", ".join(f"{number} {what}" for number, what in parts if number)


def suppression_lines(audit: Audit) -> list[str]:
    """Return one line for each code in a comment that allows nothing."""
    return [visible(f"{one.location}: {_objection(one)}") for one in audit.unused_suppressions]


def _objection(suppression: Suppression) -> str:
    if suppression.state == "unused":
        return f"unused suppression: {suppression.code} finds nothing here"
    if not suppression.code:
        return "suppression without a rule: write `# reprocheck: ignore RC101 -- reason`, without brackets"
    near = f", did you mean {suppression.hint}?" if suppression.hint else ""
    return f"suppression of an unknown rule: {suppression.code}{near}"


def skipped_lines(skipped: tuple[Skipped, ...], *, every_code: bool = True) -> list[str]:
    """Return one line for each reason, with the codes that share it, or how many rules they are."""
    by_reason = sorted(skipped, key=lambda skip: (skip.reason, skip.code))
    groups = [(reason, [skip.code for skip in group]) for reason, group in groupby(by_reason, lambda s: s.reason)]
    ordered = sorted(groups, key=lambda group: group[1])
    return [f"skipped {_rules(codes, every_code=every_code)}: {visible(reason)}" for reason, codes in ordered]


def _rules(codes: list[str], *, every_code: bool) -> str:
    return ", ".join(codes) if every_code or len(codes) <= _MOST_CODES else f"{len(codes)} rules (-v names them)"


def _counted(audit: Audit, severity: Severity) -> str:
    number = audit.count(severity)
    return f"{number} {severity.value if number == 1 else _PLURALS[severity]}"

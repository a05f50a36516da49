"""The closing lines of a text report: counts, mends, idle comments, rules that could not look."""

from __future__ import annotations

from itertools import groupby

from reprocheck.model.findings import Audit, Severity, Skipped, Suppression
from reprocheck.reports.visible import visible

_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


def closing_lines(audit: Audit) -> list[str]:
    """Return every closing line, in order."""
    return [counts_line(audit), *fix_lines(audit), *suppression_lines(audit), *skipped_lines(audit.skipped)]


def counts_line(audit: Audit) -> str:
    """Return for example `1 error, 2 warnings (3 suppressed, 1 in the baseline)`, or `no findings`."""
    parts = [_counted(audit, severity) for severity in Severity if audit.count(severity)]
    unseen = ((audit.suppressed, "suppressed"), (audit.known, "in the baseline"))
    silenced = ", ".join(f"{number} {how}" for number, how in unseen if number)
    return (", ".join(parts) or "no findings") + (f" ({silenced})" if silenced else "")


def fix_lines(audit: Audit) -> list[str]:
    """Return for example `2 fixed, 1 fixable with --unsafe-fixes`; nothing where nothing was or can be mended."""
    fixable = [finding for finding in audit.findings if finding.edits]
    safe = sum(finding.has_safe_fix for finding in fixable)
    parts = (
        (audit.fixed, "fixed"),
        (safe, "fixable with --fix"),
        (len(fixable) - safe, "fixable with --unsafe-fixes"),
    )
    told = ", ".join(f"{number} {how}" for number, how in parts if number)
    return [told] if told else []


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


def skipped_lines(skipped: tuple[Skipped, ...]) -> list[str]:
    """Return one line for each reason, with the codes that share it."""
    by_reason = sorted(skipped, key=lambda skip: (skip.reason, skip.code))
    groups = [(reason, [skip.code for skip in group]) for reason, group in groupby(by_reason, lambda s: s.reason)]
    return [f"skipped {', '.join(codes)}: {visible(reason)}" for reason, codes in sorted(groups, key=lambda g: g[1])]


def _counted(audit: Audit, severity: Severity) -> str:
    number = audit.count(severity)
    return f"{number} {severity.value if number == 1 else _PLURALS[severity]}"

"""Run the rules over the facts: skip what cannot look, silence what was allowed, sort what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reprocheck.model.environments import Comment, EnvironmentFile
from reprocheck.model.findings import Audit, Finding, Severity, Skipped
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Rule, RuleModule

# Without brackets: conda-lock takes a bracketed comment for a platform selector and drops the dependency.
_IGNORE = re.compile(r"#\s*reprocheck:\s*ignore(?P<file>-file)?\s+(?P<codes>RC\d{3}(?:[,\s]+RC\d{3})*)\b")
_CODE = re.compile(r"RC\d{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rules run. Entries are codes or prefixes of codes (`RC1`, `RC401`); an empty `select` means all."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def includes(self, code: str) -> bool:
        """Say whether a rule runs; the longer prefix wins where both lists match."""
        chosen = max((len(entry) for entry in self.select if code.startswith(entry)), default=0)
        refused = max((len(entry) for entry in self.ignore if code.startswith(entry)), default=0)
        wanted = chosen > 0 or not self.select
        return wanted and (refused == 0 or chosen > refused)


def run_rules(facts: Facts, rules: Sequence[RuleModule], selection: Selection) -> Audit:
    """Return what the selected rules find, sorted by file, line, column and code."""
    skipped: list[Skipped] = []
    findings: list[Finding] = []
    for module in rules:
        if not selection.includes(module.RULE.code):
            continue
        reason = _why_blind(module.RULE, facts)
        if reason:
            skipped.append(Skipped(code=module.RULE.code, reason=reason))
        else:
            findings.extend(module.check(facts))
    kept = [finding for finding in findings if not _is_suppressed(finding, facts.environment)]
    return Audit(
        findings=tuple(sorted(kept, key=lambda finding: finding.sort_key)),
        skipped=tuple(sorted(skipped)),
        suppressed=len(findings) - len(kept),
    )


def merge_audits(audits: Iterable[Audit]) -> Audit:
    """Return one audit of several environments; equal findings and skips are told once."""
    parts = tuple(audits)
    findings = {finding: None for part in parts for finding in part.findings}
    return Audit(
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        skipped=tuple(sorted({skip for part in parts for skip in part.skipped})),
        suppressed=sum(part.suppressed for part in parts),
    )


def worst_severity(audit: Audit) -> Severity | None:
    """Return the severity of the worst finding, None when there is none."""
    return min((finding.severity for finding in audit.findings), key=lambda severity: severity.rank, default=None)


def _why_blind(rule: Rule, facts: Facts) -> str:
    """Return why a rule cannot look: the reason of the first part that it needs and that was not seen."""
    parts = (getattr(facts, need.value) for need in rule.needs)
    return next((part.reason for part in parts if isinstance(part, Unseen)), "")


def _is_suppressed(finding: Finding, environment: EnvironmentFile | Unseen) -> bool:
    if isinstance(environment, Unseen):
        return False
    return any(finding.code in codes for codes in _codes_for(finding, environment))


def _codes_for(finding: Finding, environment: EnvironmentFile) -> Iterator[list[str]]:
    """Yield the code lists of the comments that speak of this finding's line, or of the whole file."""
    for comment in environment.comments:
        found = _IGNORE.search(comment.text)
        if found and (found["file"] or _covers(comment, finding, environment)):
            yield _CODE.findall(found["codes"])


def _covers(comment: Comment, finding: Finding, environment: EnvironmentFile) -> bool:
    """A comment covers its own line; one that stands alone covers the next line."""
    if finding.location.path != environment.path:
        return False
    return finding.location.line == comment.location.line + comment.alone

"""Run the rules over the facts: skip what cannot look, silence what was allowed, sort what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Audit, Finding, Skipped, Suppression
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.late_rule import AnyRule, code_of, module_of, needs_of


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


def run_rules(facts: Facts, rules: Sequence[AnyRule], selection: Selection, beside: Sequence[Finding] = ()) -> Audit:
    """Return what the selected rules find, sorted by file, line, column and code.

    `beside` was found in other facts of the same environment; what says once more what is found here is dropped.
    """
    skipped: list[Skipped] = []
    findings: list[Finding] = []
    for rule in rules:
        if not selection.includes(code_of(rule)):
            continue
        unseen = _unseen_by(rule, facts)
        if unseen:
            skipped.append(Skipped(code=code_of(rule), reason=unseen.reason, asked=unseen.asked))
        else:
            findings.extend(rule.check(facts))
    if beside:
        findings.extend(_not_told(beside, findings))
    audit = Audit(
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)), skipped=tuple(sorted(skipped))
    )
    return _as_allowed(audit, facts, rules, selection)


def _not_told(beside: Sequence[Finding], told: Sequence[Finding]) -> list[Finding]:
    """Return the findings about packages of which no other finding of their rule tells."""
    known: dict[str, list[set[tuple[str, str, str | None]]]] = {}
    for finding in told:
        known.setdefault(finding.code, []).append(_about(finding))
    return [finding for finding in beside if not any(_covers(one, finding) for one in known.get(finding.code, ()))]


def _about(finding: Finding) -> set[tuple[str, str, str | None]]:
    return {(package.manager, package.name, package.version) for package in finding.packages}


def _covers(told: set[tuple[str, str, str | None]], finding: Finding) -> bool:
    """Say whether all packages of a finding are among those told of; one told of without a version is any version."""
    names = {(manager, name) for manager, name, version in told if version is None}
    return all(package in told or package[:2] in names for package in _about(finding))


def merge_audits(audits: Iterable[Audit]) -> Audit:
    """Return one audit of several environments; equal findings and skips are told once."""
    parts = tuple(audits)
    told = [one for part in parts for one in part.suppressions]
    findings = {finding: None for part in parts for finding in part.findings}
    return Audit(
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        skipped=tuple(sorted({skip for part in parts for skip in part.skipped})),
        suppressed=sum(part.suppressed for part in parts),
        suppressions=_merged(told) if told else (),
    )


def _merged(told: Sequence[Suppression]) -> tuple[Suppression, ...]:
    # Imported where it is needed: few files hold comments that allow something.
    from reprocheck.rules.suppressions import merged

    return merged(told)


def _unseen_by(rule: AnyRule, facts: Facts) -> Unseen | None:
    """Return the first part that a rule needs and that was not seen, None where it can look."""
    parts = (getattr(facts, need.value) for need in needs_of(rule))
    return next((part for part in parts if isinstance(part, Unseen)), None)


def _as_allowed(audit: Audit, facts: Facts, rules: Sequence[AnyRule], selection: Selection) -> Audit:
    """Take out what comments allow, and say what became of the comments."""
    environment = facts.environment
    if isinstance(environment, Unseen) or not any("reprocheck:" in comment.text for comment in environment.comments):
        return audit
    # Imported where they are needed: few files hold comments that allow something.
    from reprocheck.rules.suppressions import allowances, sift, states_of
    from reprocheck.rules.watched_facts import misses_nothing

    allowed = allowances(environment)
    kept, needed = sift(audit.findings, allowed)
    idle = {code for one in allowed for code in one.codes if (one.location, code) not in needed}

    def is_judged(rule: AnyRule) -> bool:
        code = code_of(rule)
        looked = code in idle and selection.includes(code) and not _unseen_by(rule, facts)
        return looked and not facts.platforms and misses_nothing(module_of(rule), facts)

    states = states_of(allowed, needed, {code_of(rule): is_judged(rule) for rule in rules})
    silenced = len(audit.findings) - len(kept)
    return replace(audit, findings=kept, suppressed=silenced, suppressions=states)

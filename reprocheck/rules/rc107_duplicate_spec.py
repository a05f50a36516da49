"""One package is asked for twice, and the tools differ on which line counts.

What it checks.
    One name twice in the conda part, or one project twice in the pip part (compared after PEP 503).

Why it matters.
    conda takes both lines together, conda-lock keeps the last one, pip refuses some pairs and merges others. With
    different constraints the tools disagree about what was asked; with equal ones the next edit will make it so.

Bad.
    dependencies:
      - numpy=1.26
      - pandas
      - numpy>=2.0

Good.
    dependencies:
      - numpy=1.26
      - cudatoolkit=11.8  # [linux]
      - cudatoolkit=11.7  # [win]

How to fix.
    Keep one line that holds every constraint, joined by commas.

When it stays silent.
    Selectors or markers put the two lines on different platforms; two pip lines carry different markers; names
    differ in more than letter case, as `ruamel.yaml` and `ruamel_yaml` do on conda.

Sources.
    conda-lock 4.0.3, later duplicates win, tried 2026-11-20; pip "Requirements File Format"; PEP 503.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.platform_selectors import KNOWN_SELECTORS
from reprocheck.rules.constraints import joined
from reprocheck.rules.declarations import Declaration, line_of, platforms_of, written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.mends import raw_text, removal
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC107",
    name="duplicate-spec",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_HOW_READ = {
    "conda": "conda takes both lines together, conda-lock the last one alone",
    "pip": "pip takes both lines together or refuses them",
}


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each line that repeats an earlier one of the same manager."""
    if isinstance(facts.environment, Unseen):
        return
    yield from _repeats(facts.environment, facts.environment.conda)
    yield from _repeats(facts.environment, facts.environment.pip)


def _repeats(environment: EnvironmentFile, entries: Sequence[Declaration]) -> Iterator[Finding]:
    by_name: dict[str | None, list[Declaration]] = {}
    for later in entries:
        known = by_name.setdefault(later.name, [])
        earlier = next((entry for entry in known if _collide(entry, later, environment)), None)
        if earlier:
            yield _finding(environment, earlier, later)
        known.append(later)


def _collide(one: Declaration, other: Declaration, environment: EnvironmentFile) -> bool:
    if one.name is None or one.name != other.name or _marker(one) != _marker(other):
        return False
    return bool(platforms_of(one, environment) & platforms_of(other, environment))


def _marker(entry: Declaration) -> str | None:
    return entry.marker if isinstance(entry, PipRequirement) else None


def _constraint(entry: Declaration) -> tuple[str | None, ...]:
    return (entry.version, entry.build) if isinstance(entry, CondaSpec) else (entry.kind, entry.specifier)


def _asks_the_same(earlier: Declaration, later: Declaration, environment: EnvironmentFile) -> bool:
    """Say whether nothing is lost with the later line; conda-lock drops an earlier one whose comment it misreads."""
    if earlier.selector and earlier.selector not in KNOWN_SELECTORS:
        return False
    everywhere = platforms_of(later, environment) <= platforms_of(earlier, environment)
    return everywhere and (_whole(earlier) == _whole(later) or raw_text(earlier) == raw_text(later))


def _whole(entry: Declaration) -> tuple[object, ...]:
    """Return all that an entry asks for; where it holds more than was taken apart, that is the text itself."""
    if isinstance(entry, CondaSpec):
        return (entry.version, entry.build, entry.channel, entry.text if "[" in entry.text else "")
    is_plain = entry.kind == "requirement" and " -" not in entry.address
    return (entry.kind, entry.specifier, entry.extras, "" if is_plain else entry.address)


def _one_line(environment: EnvironmentFile, earlier: Declaration, later: Declaration) -> str:
    """Return the advice to keep one line, which is shown where the constraints say all and agree."""
    advice = "keep one line that holds every constraint"
    if platforms_of(earlier, environment) != platforms_of(later, environment):
        return advice
    constraint = joined(*map(_plain_constraint, (earlier, later)))
    gap = " " if constraint and constraint[0].isdigit() else ""  # conda's `numpy 1.26`
    return f"{advice}: `{later.name}{gap}{constraint}`" if constraint else advice


def _plain_constraint(entry: Declaration) -> str | None:
    """Return the version constraint, None where an entry asks for more than a version."""
    if isinstance(entry, CondaSpec):
        return None if entry.build or entry.channel or "[" in entry.text else entry.version or ""
    is_plain = entry.kind == "requirement" and " -" not in entry.address and not entry.extras
    return entry.specifier if is_plain else None


def _finding(environment: EnvironmentFile, earlier: Declaration, later: Declaration) -> Finding:
    manager = "conda" if isinstance(later, CondaSpec) else "pip"
    same = _constraint(earlier) == _constraint(later)
    how = "with the same constraint" if same else f"as `{written(earlier)}` and as `{written(later)}`"
    redundant = same and _asks_the_same(earlier, later, environment)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if same else RULE.severity,
        confidence=RULE.confidence,
        message=f"`{later.name}` stands twice in the {manager} part, {how}",
        location=later.location,
        related=(RelatedLocation(location=earlier.location, message=f"first as `{written(earlier)}`"),),
        packages=(PackageRef(manager=manager, name=later.name or ""),),
        evidence=(_HOW_READ[manager],),
        fix=f"remove {line_of(later)}" if redundant else _one_line(environment, earlier, later),
        edits=removal(environment, later, safe=True) if redundant else (),
    )

"""The lock does not answer the environment file that it was made from.

What it checks.
    That the locked packages answer every spec of the environment.yml, on every declared platform, and that the lock
    was made for the CUDA and the `exclude-newer` of the configuration.

Why it matters.
    Whoever installs from the lock gets other packages than the environment.yml says. The file that people read and
    the packages that run have parted.

Bad.
    environment.yml:
      dependencies:
      - numpy=2.1

    conda-lock.yml, shortened:
      - conda linux-64 numpy 1.26.4 py312_0

Good.
    environment.yml:
      dependencies:
      - numpy=2.1

    conda-lock.yml, shortened:
      - conda linux-64 numpy 2.1.3 py312_0

How to fix.
    Run `reprocheck lock` and commit the new lock, or take the change back. An info says that the sources changed in a
    way that leaves every spec met: `reprocheck lock --check` solves, and tells whether anything would move.

When it stays silent.
    The input digest is the one that was locked. Every spec is met by a lock of conda-lock's, whose content hash only
    another release may have written otherwise.

Sources.
    conda-lock 4.0.3, content hash and its inputs; conda/conda-lock#432 (satisfiability instead of hashes),
    read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.freshness import Freshness, StaleSpec
from reprocheck.model.locks import CUDA_KEY, EXCLUDE_NEWER_KEY
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC202",
    name="lock-stale",
    family=Family.LOCK,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT, Need.LOCK, Need.FRESHNESS),
    since="0.1.0",
)

_MOST_NAMED = 3


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each spec that is not met, for platforms that are not there, for other decisions.

    Where none of these is true, but the sources are others than those of the lock, an info says so.
    """
    environment, freshness = facts.environment, facts.freshness
    if isinstance(environment, Unseen) or isinstance(freshness, Unseen):
        return
    ordered = sorted(freshness.problems, key=_key)
    for _, problems in groupby(ordered, key=_key):
        yield _stale_spec(facts, tuple(problems))
    if freshness.missing_platforms:
        yield _missing_platforms(facts, environment, freshness.missing_platforms)
    if freshness.declared_cuda:
        yield _other_decision(facts, environment, ("CUDA", CUDA_KEY, freshness.declared_cuda))
    if freshness.declared_exclude_newer:
        yield _other_decision(
            facts, environment, ("`exclude-newer`", EXCLUDE_NEWER_KEY, freshness.declared_exclude_newer)
        )
    told = freshness.unreachable or freshness.declared_channels or freshness.extra_platforms  # RC203, RC204
    if freshness.fresh and freshness.changed and not told:
        yield _changed(facts, environment, freshness)


def _key(problem: StaleSpec) -> tuple[Location, str, str, str]:
    """Platforms with the same trouble are told together."""
    return (problem.spec.location, problem.spec.text, problem.reason, problem.locked_version or "")


def _stale_spec(facts: Facts, problems: tuple[StaleSpec, ...]) -> Finding:
    first = problems[0]
    platforms = tuple(sorted({problem.platform for problem in problems}))
    manager = "conda" if isinstance(first.spec, CondaSpec) else "pip"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock is stale: `{written(first.spec)}` {first.reason} on {_listed(platforms)}",
        location=first.spec.location,
        packages=tuple(
            PackageRef(manager=manager, name=first.spec.name or "", version=first.locked_version, platform=platform)
            for platform in platforms
        ),
        platforms=platforms,
        evidence=(_what_is_locked(facts, first),),
        fix=relock_command(facts),
    )


def _what_is_locked(facts: Facts, problem: StaleSpec) -> str:
    if problem.locked_version is None:
        return f"`{facts.lock_path}` holds no `{problem.spec.name}`"
    return f"`{facts.lock_path}` holds `{problem.spec.name} {problem.locked_version}`"


def _missing_platforms(facts: Facts, environment: EnvironmentFile, platforms: tuple[str, ...]) -> Finding:
    named = (platform.location for platform in environment.platforms if platform.name in platforms)
    place = next(named, environment.start)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock is stale: it holds nothing for {_listed(platforms)}",
        location=place,
        platforms=platforms,
        evidence=(f"`platforms` of the environment file or configuration has them, `{facts.lock_path}` does not",),
        fix=relock_command(facts),
    )


def _other_decision(facts: Facts, environment: EnvironmentFile, decision: tuple[str, str, str]) -> Finding:
    """Return the finding about a decision: its name, where the lock records it, what the configuration says."""
    what, key, declared = decision
    recorded = None if isinstance(facts.lock, Unseen) else facts.lock.custom(key)
    option = "--cuda" if key == CUDA_KEY else "--exclude-newer"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock is stale: the configuration says {what} `{declared}`,"
        f" the lock was made for `{recorded or 'none'}`",
        location=environment.start,
        evidence=(f"`{key}` in `{facts.lock_path}` is {f'`{recorded}`' if recorded else 'not there'}",),
        fix=relock_command(facts, option, declared),
    )


def _changed(facts: Facts, environment: EnvironmentFile, freshness: Freshness) -> Finding:
    blind = [f"whether it meets `{written(spec)}` is not told by a lock" for spec in freshness.unjudged[:_MOST_NAMED]]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO,
        confidence=RULE.confidence,
        message="the sources changed after the lock was written; it meets all that can be judged without solving",
        location=environment.start,
        evidence=(f"`{facts.lock_path}` records other sources, or other virtual packages, than these", *blind),
        fix=relock_command(facts),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)

"""The lock does not answer the environment file that it was made from.

What it checks.
    That the locked packages answer every spec of the environment.yml, on every declared platform.

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
    Run `reprocheck lock` and commit the new lock, or take the change back.

When it stays silent.
    The input digest is the one that was locked, or every spec is met. A content hash that only another release of
    conda-lock wrote otherwise is no staleness.

Sources.
    conda-lock 4.0.3, content hash and its inputs; maresb/conda-lock#432 (satisfiability instead of hashes),
    read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.freshness import StaleSpec
from reprocheck.model.locks import CUDA_KEY
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
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


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each spec that the lock does not meet, for platforms that it lacks, for another CUDA."""
    if isinstance(facts.environment, Unseen) or isinstance(facts.freshness, Unseen) or facts.freshness.fresh:
        return
    ordered = sorted(facts.freshness.problems, key=_key)
    for _, problems in groupby(ordered, key=_key):
        yield _stale_spec(facts, tuple(problems))
    if facts.freshness.missing_platforms:
        yield _missing_platforms(facts, facts.environment, facts.freshness.missing_platforms)
    if facts.freshness.declared_cuda:
        yield _other_cuda(facts, facts.environment, facts.freshness.declared_cuda)


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
        fix=f"reprocheck lock -f {first.spec.location.path}",
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
        fix=f"reprocheck lock -f {place.path}",
    )


def _other_cuda(facts: Facts, environment: EnvironmentFile, declared: str) -> Finding:
    recorded = "" if isinstance(facts.lock, Unseen) else facts.lock.custom(CUDA_KEY)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock is stale: the configuration says CUDA `{declared}`, the lock was made for `{recorded}`",
        location=environment.start,
        evidence=(f"`{CUDA_KEY}` in `{facts.lock_path}` is `{recorded}`",),
        fix=f"reprocheck lock -f {environment.path} --cuda {declared}",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)

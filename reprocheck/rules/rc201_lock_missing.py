"""There is no lock, so nobody can install the same packages again.

What it checks.
    That a lock file lies where the lock of this environment belongs.

Why it matters.
    An environment.yml says what is allowed, not what was installed. Without a lock two installations a week apart
    differ, and no later run can be compared with this one.

Bad.
    environment.yml:
      dependencies:
      - python=3.12

    conda-lock.yml: absent

Good.
    environment.yml:
      dependencies:
      - python=3.12

    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 py312_0

How to fix.
    Run `reprocheck lock` and commit the file that it writes.

When it stays silent.
    There is a lock, however old (RC202 judges its age), or it was not asked for.

Sources.
    conda-lock README, "Why use conda-lock", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC201",
    name="lock-missing",
    family=Family.LOCK,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding when there is no lock at all."""
    environment = facts.environment
    if isinstance(environment, Unseen) or not (isinstance(facts.lock, Unseen) and facts.lock.absent):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"there is no lock `{facts.lock_path}`: what gets installed depends on the day",
        location=environment.start,
        evidence=(f"`{facts.lock_path}` does not exist",),
        fix=relock_command(facts),
    )

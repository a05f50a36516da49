"""The lock is for other platforms or channels than the environment file names.

What it checks.
    That the lock was solved from the channels of the environment file, in their order, and holds no platform that is
    not declared. A declared platform that the lock lacks is RC202.

Why it matters.
    Channels decide which build of a package comes: the next lock will bring other ones, although no spec changed.
    A platform that nobody declares is kept up by nobody.

Bad.
    environment.yml:
      platforms:
      - linux-64
      dependencies:
      - python=3.12

    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 0_cpython
      - conda osx-64 python 3.12.9 1_cpython

Good.
    environment.yml:
      platforms:
      - linux-64
      - osx-64
      dependencies:
      - python=3.12

    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 0_cpython
      - conda osx-64 python 3.12.9 1_cpython

How to fix.
    Run `reprocheck lock`, or correct `channels:` and `platforms:`. Channels given with `-c` belong in the file or in
    `[tool.reprocheck]`.

When it stays silent.
    The environment file names no platforms or no channels; the lock records no channels; `nodefaults` on one side.

Sources.
    docs.conda.io "Managing channels" (priority); conda-lock 4.0.3, lockfile/v1/models.py, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.redaction import public_url
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC204",
    name="platforms-or-channels-differ",
    family=Family.LOCK,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT, Need.LOCK, Need.FRESHNESS),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the channels and one for the platforms."""
    environment, lock, freshness = facts.environment, facts.lock, facts.freshness
    if isinstance(environment, Unseen) or isinstance(lock, Unseen) or isinstance(freshness, Unseen):
        return
    if freshness.declared_channels is not None:
        yield _channels(environment, lock, freshness.declared_channels, relock_command(facts))
    if freshness.extra_platforms:
        yield _platforms(environment, lock, freshness.extra_platforms, relock_command(facts))


def _channels(environment: EnvironmentFile, lock: Lock, declared: tuple[str, ...], command: str) -> Finding:
    locked = tuple(public_url(channel) for channel in lock.channels)
    return _finding(
        environment.channels[0].location if environment.channels else environment.start,
        f"the lock was solved from the channels {_listed(locked)}, declared are {_listed(declared)}",
        evidence=f"`metadata.channels` of `{lock.path}`, in order",
        fix=command,
    )


def _platforms(environment: EnvironmentFile, lock: Lock, extra: tuple[str, ...], command: str) -> Finding:
    return _finding(
        environment.platforms[0].location if environment.platforms else environment.start,
        f"the lock holds packages for {_listed(extra)}, which nobody declares",
        evidence=f"`metadata.platforms` of `{lock.path}`",
        fix=f"add it to `platforms`, or run `{command}`",
        platforms=extra,
    )


def _finding(location: Location, message: str, *, evidence: str, fix: str, platforms: tuple[str, ...] = ()) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=message,
        location=location,
        platforms=platforms,
        evidence=(evidence,),
        fix=fix,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)

"""Which CUDA an environment will run with, and the chain of evidence that says so.

The order in which sources are believed: the local label of a torch wheel and the build string of a framework;
then the runtime library itself; then the conda selectors; at last the CUDA that the unlabelled PyPI wheel of
that torch release carries. That wheel goes before the selectors where conda has no framework: it brings what it runs
with, and they steer nothing. Later sources stay in the chain: where they differ, other rules object.

Source: facts/tables, whose rows name theirs; conda-forge cuda-feedstock guide for the selectors.
"""

from __future__ import annotations

from typing import Final, cast

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.rules.bound_builds import tied_platform
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import locked_claims

DEFAULT_PLATFORM: Final = "linux-64"


def platforms_in(facts: Facts) -> tuple[str, ...]:
    """Return the platforms to look at: those asked for, else those of the lock, else those of the environment.

    An environment that names none is meant for the one that its builds are of, as in a file exported on Windows.
    """
    if facts.platforms:
        return facts.platforms
    if isinstance(facts.lock, Lock):
        return facts.lock.platforms
    if not isinstance(facts.environment, EnvironmentFile):
        return (DEFAULT_PLATFORM,)
    return tuple(platform.name for platform in facts.environment.platforms) or (_tied(facts, facts.environment),)


def _tied(facts: Facts, environment: EnvironmentFile) -> str:
    key = ("effective_cuda", "tied platform")
    if key not in facts.memo:
        found = tied_platform(environment)
        facts.memo[key] = found[0] if found else DEFAULT_PLATFORM
    return cast("str", facts.memo[key])


def effective_cuda(facts: Facts, platform: str) -> tuple[CudaClaim, ...]:
    """Return the chain of claims for a platform, the one to believe first; empty where no CUDA will run.

    The lock decides; without one, what the environment file pins. There is no CUDA on macOS.
    """
    if platform.startswith("osx-"):
        return ()
    if isinstance(facts.lock, Lock):
        return locked_claims(facts.lock, platform)
    if isinstance(facts.environment, EnvironmentFile):
        return declared_claims(facts.environment, platform)
    return ()


def evidence_of(claims: tuple[CudaClaim, ...]) -> tuple[str, ...]:
    """Return the chain as sentences."""
    return tuple(found.said for found in claims)

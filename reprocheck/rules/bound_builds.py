"""To which platform the exact builds of an environment.yml tie it.

Source: facts/tables/platform_builds.yaml, by way of facts/platform_builds.py.
"""

from __future__ import annotations

from collections import Counter

from reprocheck.facts.platform_builds import platforms_of_build
from reprocheck.model.environments import CondaSpec, EnvironmentFile

_NEARLY_ALL = 0.9


def exact_build(spec: CondaSpec) -> str | None:
    """Return the build that a spec pins, None for globs and for none."""
    build = spec.build
    return build if build and "*" not in build and build[0] not in "<>=!~^" else None


def tied_platform(environment: EnvironmentFile) -> tuple[str, tuple[CondaSpec, ...]] | None:
    """Return the platform that build strings tie a file to, and the specs that tell it first.

    None where they point to several: a hash may stand for another platform too.
    """
    exact = [(spec, build) for spec in environment.conda if (build := exact_build(spec))]
    known = [(spec, platforms_of_build(spec.name, build)) for spec, build in exact]
    told = [(spec, platforms) for spec, platforms in known if platforms]
    votes = Counter(platform for _, platforms in told for platform in platforms)
    best = [platform for platform, count in votes.items() if count >= _NEARLY_ALL * len(told)]
    telling = tuple(spec for spec, platforms in told if platforms == {*best})
    return (best[0], telling) if len(best) == 1 and telling else None

"""Exact builds, or packages that only some platforms have, tie the file to one platform.

What it checks.
    Build strings and package names of the conda part: on which platforms such a build exists, and whether the file is
    meant for others (its `platforms`, those of the lock, or `--platform`).

Why it matters.
    The hash in `py39h06a4308_0` covers the platform, so no other platform has that build, and an exported file can be
    installed on the kind of machine that exported it only. Old builds also vanish from the channels.

Bad.
    platforms:
      - linux-64
      - osx-arm64
    dependencies:
      - python=3.12
      - cudatoolkit=11.8

Good.
    platforms:
      - linux-64
      - osx-arm64
    dependencies:
      - python=3.12
      - cudatoolkit=11.8  # [linux]

How to fix.
    Export without builds (`conda env export --no-builds`, better `--from-history`), or strip the build strings here
    with `--fix --unsafe-fixes`, and leave exactness to the lock, which holds the builds of every platform. Write
    `# [linux]` behind what only Linux has.

When it stays silent.
    Selectors keep the line off the other platforms; build strings are globs such as `*cuda*`; builds are for every
    platform (`pyhd8ed1ab_0`). Where no platform is named, build strings that tie the file to one are told as info:
    that one may be the only one meant. Names alone are then no reason to speak.

Sources.
    conda-build documentation, "Build string"; table platform_builds.yaml, whose rows name theirs, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.platform_builds import is_of_one_platform, platforms_of_build, platforms_of_package
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.bound_builds import exact_build, tied_platform
from reprocheck.rules.declarations import platforms_of, written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.mends import replacement
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC109",
    name="platform-bound-build",
    family=Family.ENVIRONMENT,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_MOST_RELATED = 5
_COVERED = "a build is made for one platform, which the hash or the spelling of its build string tells"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for what other platforms miss; without other platforms, for what ties the file to one."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return
    targets = _targets(facts, environment)
    if len(targets) > 1:
        yield from _missed(environment, targets)
    elif not targets:
        yield from _tied(environment)


def _targets(facts: Facts, environment: EnvironmentFile) -> frozenset[str]:
    if facts.platforms:
        return frozenset(facts.platforms)
    named = frozenset(platform.name for platform in environment.platforms)
    return named or (frozenset(facts.lock.platforms) if isinstance(facts.lock, Lock) else frozenset())


def _missed(environment: EnvironmentFile, targets: frozenset[str]) -> Iterator[Finding]:
    missed: list[tuple[CondaSpec, frozenset[str]]] = []
    unsure: list[CondaSpec] = []
    for spec in environment.conda:
        known = _known_platforms(spec)
        wanted = targets & platforms_of(spec, environment)
        if known is not None and wanted - known:
            missed.append((spec, wanted - known))
        elif known is None and len(wanted) > 1 and is_of_one_platform(exact_build(spec) or ""):
            unsure.append(spec)
    if missed:
        yield _missed_finding(environment, missed, unsure)
    elif unsure:
        yield _unsure_finding(environment, unsure, targets)


def _known_platforms(spec: CondaSpec) -> frozenset[str] | None:
    build = exact_build(spec)
    return platforms_of_build(spec.name, build) if build else platforms_of_package(spec.name)


def _missed_finding(
    environment: EnvironmentFile, missed: list[tuple[CondaSpec, frozenset[str]]], unsure: list[CondaSpec]
) -> Finding:
    first, lacking = missed[0]
    others = [*(spec for spec, _ in missed[1:]), *unsure]
    what = "no such build" if exact_build(first) else "no such package"
    where = ", ".join(sorted(lacking))
    more = f", and {len(others)} more like it" if others else ""
    return _finding(
        environment,
        [first, *others],
        f"there is {what} as `{written(first)}` for {where}{more}",
        RULE.severity,
        platforms=tuple(sorted(frozenset().union(*(gone for _, gone in missed)))),
    )


def _unsure_finding(environment: EnvironmentFile, unsure: list[CondaSpec], targets: frozenset[str]) -> Finding:
    more = f", and {len(unsure) - 1} more like it," if len(unsure) > 1 else ""
    return _finding(
        environment,
        unsure,
        f"`{written(unsure[0])}`{more} is the build of one platform, but {', '.join(sorted(targets))} are targeted",
        Severity.WARNING,
    )


def _tied(environment: EnvironmentFile) -> Iterator[Finding]:
    """Yield that build strings tie the file to one platform; where they point to several, nothing is sure."""
    found = tied_platform(environment)
    if found is None:
        return
    platform, telling = found
    others = [spec for spec in environment.conda if exact_build(spec) and spec is not telling[0]]
    more = f" and {len(others)} more" if others else ""
    yield _finding(
        environment,
        [telling[0], *others],
        f"the file is tied to {platform} by the build string of `{written(telling[0])}`{more}",
        Severity.INFO,
        platforms=(platform,),
    )


def _finding(
    environment: EnvironmentFile,
    specs: Sequence[CondaSpec],
    message: str,
    severity: Severity,
    *,
    platforms: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=Confidence.MEDIUM if severity is Severity.WARNING else RULE.confidence,
        message=message,
        location=specs[0].location,
        related=tuple(
            RelatedLocation(location=spec.location, message=f"`{written(spec)}`")
            for spec in specs[1 : 1 + _MOST_RELATED]
        ),
        packages=tuple(PackageRef(manager="conda", name=spec.name) for spec in specs),
        platforms=platforms,
        evidence=(_COVERED,) if any(map(exact_build, specs)) else (),
        fix=_fix(specs),
        edits=_edits(environment, specs),
    )


def _fix(specs: Sequence[CondaSpec]) -> str:
    strip = "strip the build strings, and let `reprocheck lock` hold the builds of every platform"
    keep_off = "keep the package off the other platforms with a comment behind it, for example `# [linux]`"
    told = {strip if exact_build(spec) else keep_off: None for spec in specs}
    return "; ".join(told)


def _edits(environment: EnvironmentFile, specs: Sequence[CondaSpec]) -> tuple[Edit, ...]:
    """Strip the exact build strings, where that is all there is to do and every one can be stripped."""
    exact = [(spec, build) for spec in specs if (build := exact_build(spec))]
    edits = [
        replacement(environment, spec, spec.text.removesuffix(build).rstrip("= "), safe=False)
        for spec, build in exact
        if spec.text.endswith(build)
    ]
    whole = len(edits) == len(specs) and all(edits)
    return tuple(edit for edits_of_one in edits for edit in edits_of_one) if whole else ()

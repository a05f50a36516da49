"""Does a lock still answer its environment file? Judged in a blink, offline, and with reasons.

An equal input digest proves that nothing changed since reprocheck wrote the lock, as long as that still holds every
declared package. A different or missing one proves nothing (locks of conda-lock, a comment moved into a spec), so
every spec is then matched against what is locked: the lock is stale where one is not met, and the answer names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reprocheck.errors import InputError
from reprocheck.locking.cuda_decision import recorded_decision
from reprocheck.locking.input_digest import DIGEST_KEY, declared_channels, input_digest
from reprocheck.locking.plain_specs import plainly_admits
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.freshness import Freshness, StaleSpec
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.platform_selectors import KNOWN_SELECTORS


@dataclass(slots=True)
class _Findings:
    problems: list[StaleSpec] = field(default_factory=list)
    unjudged: list[CondaSpec | PipRequirement] = field(default_factory=list)


def judge_freshness(
    environment: EnvironmentFile, lock: Lock, platforms: tuple[str, ...] = (), cuda: str | None = None
) -> Freshness:
    """Judge `lock` against `environment`.

    `platforms` and `cuda` are those of the configuration, where it has some; else the file's `platforms:` and
    what the lock records count.
    """
    declared = platforms or tuple(platform.name for platform in environment.platforms)
    missing = tuple(sorted(set(declared) - set(lock.platforms)))
    recorded = recorded_decision(lock)
    decided = cuda or recorded
    digest = input_digest(environment, lock.platforms, declared_channels(environment), decided)
    if digest == lock.custom(DIGEST_KEY) and not _has_gap(environment, lock):
        return Freshness(fresh=not missing, by="input-digest", missing_platforms=missing)
    found = _match_all(environment, lock)
    other_cuda = cuda if cuda is not None and lock.custom(DIGEST_KEY) and cuda != recorded else None
    return Freshness(
        fresh=not (found.problems or missing or other_cuda),
        by="satisfiability",
        problems=tuple(found.problems),
        missing_platforms=missing,
        declared_channels=_other_channels(environment, lock),
        declared_cuda=other_cuda,
        unjudged=tuple(dict.fromkeys(found.unjudged)),
    )


def _has_gap(environment: EnvironmentFile, lock: Lock) -> bool:
    """Say whether a declared conda package is not there at all: the lock was cut or edited after it was written."""
    locked = {(package.platform, package.name) for package in lock.packages if package.manager == "conda"}
    return any(
        (platform, spec.name) not in locked
        for spec in environment.conda
        for platform in lock.platforms
        if _holds_on(spec, platform)
    )


def _match_all(environment: EnvironmentFile, lock: Lock) -> _Findings:
    found = _Findings()
    for platform in lock.platforms:
        conda = {package.name: package for package in lock.on(platform, "conda")}
        for spec in environment.conda:
            if _holds_on(spec, platform):
                _judge_conda(spec, platform, conda.get(spec.name), found)
        if environment.pip:
            _judge_pip(environment, lock, platform, found)
    return found


def _judge_pip(environment: EnvironmentFile, lock: Lock, platform: str, found: _Findings) -> None:
    # Imported where it is needed: it brings packaging, which `check` does not need without a pip section.
    from reprocheck.locking.pip_freshness import judge_pip

    problems, unjudged = judge_pip(environment.pip, lock, platform)
    found.problems.extend(problems)
    found.unjudged.extend(unjudged)


def _holds_on(spec: CondaSpec, platform: str) -> bool:
    """Say whether conda-lock would look at the spec there; virtual packages are of the machine, not of the lock."""
    if spec.name.startswith("__"):
        return False
    return spec.selector is None or platform in KNOWN_SELECTORS.get(spec.selector, ())


def _judge_conda(spec: CondaSpec, platform: str, package: LockedPackage | None, found: _Findings) -> None:
    if package is None:
        found.problems.append(StaleSpec(spec=spec, platform=platform, locked_version=None, reason="is not locked"))
        return
    try:
        reason = _objection(spec, package)
    except InputError:
        found.unjudged.append(spec)
        return
    if reason:
        found.problems.append(StaleSpec(spec=spec, platform=platform, locked_version=package.version, reason=reason))


def _objection(spec: CondaSpec, package: LockedPackage) -> str | None:
    if not _admits(spec, package):
        build = f" {package.build}" if spec.build is not None and package.build else ""
        return f"does not admit {package.version}{build}"
    if spec.channel is not None and package.channel is not None and not _same_channel(spec.channel, package):
        return f"asks for another channel than {package.channel}"
    return None


def _admits(spec: CondaSpec, package: LockedPackage) -> bool:
    plain = plainly_admits(spec, package.version) if "[" not in spec.text else None
    if plain is not None:
        return plain
    # Imported where it is needed: most locks are judged without the 60 ms that rattler takes to load.
    from reprocheck.locking.rattler_solver import spec_admits

    return spec_admits(spec, package)


def _same_channel(channel: str, package: LockedPackage) -> bool:
    """Say whether a spec's channel may be where the package is from; of several spellings any will do."""
    plain = channel.rstrip("/")
    if plain in ("defaults", "main", "anaconda"):
        return (package.channel or "").startswith(("pkgs/", "anaconda"))
    return f"/{plain.rsplit('://', 1)[-1]}/" in f"/{package.url.rsplit('://', 1)[-1]}"


def _other_channels(environment: EnvironmentFile, lock: Lock) -> tuple[str, ...] | None:
    """Return the declared channels where they are not those of the lock, in order."""
    declared = declared_channels(environment)
    same = len(declared) == len(lock.channels) and all(
        mine == theirs or (theirs.startswith("file://") and theirs.endswith(f"/{mine.rstrip('/').rsplit('/', 1)[-1]}"))
        for mine, theirs in zip(declared, lock.channels, strict=True)
    )
    return None if same or not declared else declared

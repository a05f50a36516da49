"""Does a lock still answer its environment file? Judged in a blink, offline, and with reasons.

Nothing has changed since the lock was written where it holds the input digest of reprocheck or the content hash of
conda-lock over the same sources, and still holds every declared package. Anything else proves nothing (an older
conda-lock, a comment moved into a spec), so every spec is then matched against what is locked: the lock is stale
where one is not met, and the answer names it. What nobody declares any more is told beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reprocheck.errors import InputError
from reprocheck.facts.name_map import NameMap
from reprocheck.locking.cuda_decision import NONE, recorded_decision
from reprocheck.locking.judging.input_digest import declared_channels, input_digest
from reprocheck.locking.judging.plain_specs import plainly_admits
from reprocheck.locking.judging.reachability import unreachable_packages
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import CHANNEL_ALIAS, CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.freshness import Freshness, StaleSpec
from reprocheck.model.locks import DIGEST_KEY, Lock, LockedPackage
from reprocheck.model.platform_selectors import selector_keeps
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.model.virtual_packages import VirtualPackage

Machines = Mapping[str, Sequence[VirtualPackage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What else a lock is judged by than its environment.

    `platforms`, `channels`, `cuda` and `exclude_newer` are those of the configuration, where it has some; else the
    file's `platforms:` and `channels:` and what the lock records count. `every_source` says that the environment is all
    that the lock was made from. `machines` are those of a virtual-packages.yml, one that conda-lock may have assumed.
    `names` says which projects conda packages install, where it is not the packaged table.
    """

    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    cuda: str | None = None
    exclude_newer: str | None = None
    every_source: bool = True
    machines: tuple[Machines, ...] = ()
    names: NameMap | None = None


class _Findings:
    def __init__(self) -> None:
        self.problems: list[StaleSpec] = []
        self.unjudged: list[CondaSpec | PipRequirement] = []


def judge_freshness(environment: EnvironmentFile, lock: Lock, asked: Asked | None = None) -> Freshness:
    """Judge `lock` against `environment`, which is all of its sources merged where there are several.

    Raises:
        UsageError: a time that cannot be read.
    """
    asked = asked or Asked()
    declared = asked.platforms or tuple(platform.name for platform in environment.platforms)
    told = Freshness(
        fresh=True,
        by="satisfiability",
        missing_platforms=tuple(sorted(set(declared) - set(lock.platforms))),
        extra_platforms=tuple(sorted(set(lock.platforms) - set(declared))) if declared else (),
        declared_channels=_other_channels(asked.channels or declared_channels(environment), lock),
        declared_cuda=_other_cuda(lock, asked.cuda),
        declared_exclude_newer=_other_time(lock, asked.exclude_newer),
        every_source=asked.every_source,
    )
    judged = _by_digest(environment, lock, asked, told) or _by_specs(environment, lock, asked, told)
    otherwise = judged.missing_platforms or judged.declared_cuda or judged.declared_exclude_newer
    return replace(judged, fresh=judged.fresh and not otherwise)


def _by_digest(environment: EnvironmentFile, lock: Lock, asked: Asked, told: Freshness) -> Freshness | None:
    """Return the judgement where a digest proves that nothing changed, and no declared package was cut out since."""
    if _has_gap(environment, lock):
        return None
    decided = asked.cuda or recorded_decision(lock)
    digest = input_digest(environment, lock.platforms, declared_channels(environment), decided)
    if digest == lock.custom(DIGEST_KEY):
        return None if _assumes_otherwise(lock, asked.machines, decided) else replace(told, by="input-digest")
    hashes = dict(lock.content_hash)
    if lock.custom(DIGEST_KEY) is not None or not set(lock.platforms) <= hashes.keys():
        return None
    # Imported where it is needed: a lock of ours holds a digest, and `check` saves 5 ms.
    from reprocheck.locking.judging.content_hash import assumed_machine

    for channels in dict.fromkeys((_written_channels(environment), lock.channels)):
        machine = assumed_machine(environment, hashes, channels, asked.machines)
        if machine is not None:
            return replace(told, by="content-hash", assumed_cuda=_cuda_of(machine))
    return None


def _assumes_otherwise(lock: Lock, machines: Sequence[Machines], cuda: str | None) -> bool:
    """Say whether a virtual-packages.yml describes another machine than the one that a lock of ours records."""
    if not machines:
        return False
    # Imported where it is needed: few projects have such a file.
    from reprocheck.locking.relocking import MACHINE_PREFIX, machine_text

    driver = [VirtualPackage(name="__cuda", version=cuda)] if cuda and cuda != NONE else []
    for platform in lock.platforms:
        described = [tuple(machine[platform]) for machine in machines if platform in machine]
        texts = {machine_text(given) for one in described for given in (one, sorted((*one, *driver)))}
        if texts and lock.custom(MACHINE_PREFIX + platform) not in texts:
            return True
    return False


def _written_channels(environment: EnvironmentFile) -> tuple[str, ...]:
    return tuple(channel.address for channel in environment.channels if channel.address != "nodefaults")


def _cuda_of(machine: Sequence[VirtualPackage]) -> str:
    return next((package.version for package in machine if package.name == "__cuda"), NONE)


def _other_cuda(lock: Lock, cuda: str | None) -> str | None:
    other = cuda is not None and lock.custom(DIGEST_KEY) is not None and cuda != recorded_decision(lock)
    return cuda if other else None


def _other_time(lock: Lock, text: str | None) -> str | None:
    if text is None or lock.custom(DIGEST_KEY) is None:
        return None
    # Imported where it is needed: few projects travel in time.
    from reprocheck.locking.exclude_newer import NOW, format_time, read_time, recorded_time

    bound = read_time(text, "`exclude-newer` of the configuration")
    declared = format_time(bound) if bound else NOW
    return declared if declared != (recorded_time(lock) or NOW) else None


def _has_gap(environment: EnvironmentFile, lock: Lock) -> bool:
    """Say whether a declared conda package is not there at all: the lock was cut or edited after it was written."""
    conda = (package for package in lock.packages if package.manager == "conda")
    locked = {(package.platform, normalise_name(package.name)) for package in conda}
    return any(
        (platform, normalise_name(spec.name)) not in locked
        for spec in environment.conda
        for platform in lock.platforms
        if _is_locked_on(spec, platform)
    )


def _by_specs(environment: EnvironmentFile, lock: Lock, asked: Asked, told: Freshness) -> Freshness:
    found = _match_all(environment, lock, asked.names)
    return replace(
        told,
        fresh=not found.problems,
        problems=tuple(found.problems),
        unreachable=unreachable_packages(environment, lock, asked.names) if asked.every_source else (),
        unjudged=tuple(dict.fromkeys(found.unjudged)),
        changed=asked.every_source and lock.custom(DIGEST_KEY) is not None,
    )


def _match_all(environment: EnvironmentFile, lock: Lock, names: NameMap | None) -> _Findings:
    found = _Findings()
    last_wins = lock.custom(DIGEST_KEY) is None
    for platform in lock.platforms:
        conda = {package.name: package for package in lock.on(platform, "conda")}
        for spec in _specs_on(environment, platform, last_wins):
            _judge_conda(spec, platform, conda.get(spec.name) or _of_project(spec, conda), found)
        if environment.pip or environment.pip_constraints:
            problems, unjudged = _judge_pip(environment, lock, platform, names)
            found.problems.extend(problems)
            found.unjudged.extend(unjudged)
    return found


def _specs_on(environment: EnvironmentFile, platform: str, last_wins: bool) -> Iterator[CondaSpec]:
    """Yield the specs that a lock has to meet; of several for a name conda-lock looks at the last one only."""
    standing = [spec for spec in environment.conda if _is_locked_on(spec, platform)]
    last = {spec.name: spec for spec in standing}
    return iter(last.values() if last_wins else standing)


def _of_project(spec: CondaSpec, conda: Mapping[str, LockedPackage]) -> LockedPackage | None:
    """Return the package that a pyproject.toml means: its names are PyPI's, which conda may spell otherwise."""
    if not spec.location.path.endswith(".toml"):
        return None
    wanted = normalise_name(spec.name)
    return next((package for name, package in conda.items() if normalise_name(name) == wanted), None)


def _judge_pip(
    environment: EnvironmentFile, lock: Lock, platform: str, names: NameMap | None
) -> tuple[list[StaleSpec], list[PipRequirement]]:
    # Imported where it is needed: it brings packaging, which `check` does not need without a pip section.
    from reprocheck.locking.judging.pip_freshness import judge_pip

    return judge_pip(environment.pip, lock, platform, environment.pip_constraints, names)


def _is_locked_on(spec: CondaSpec, platform: str) -> bool:
    """Say whether conda-lock would look at the spec there; virtual packages are of the machine, not of the lock."""
    return not spec.name.startswith("__") and selector_keeps(spec.selector, platform)


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
    plain = plainly_admits(spec, package.version, package.build)
    if plain is not None:
        return plain
    # Imported where it is needed: most locks are judged without the 60 ms that rattler takes to load.
    from reprocheck.locking.solving.rattler_solver import spec_admits

    return spec_admits(spec, package)


def _same_channel(channel: str, package: LockedPackage) -> bool:
    """Say whether a spec's channel may be where the package is from; of several spellings any will do."""
    plain = channel.rstrip("/")
    if plain in ("defaults", "main", "anaconda"):
        return (package.channel or "").startswith(("pkgs/", "anaconda"))
    return f"/{plain.rsplit('://', 1)[-1]}/" in f"/{package.url.rsplit('://', 1)[-1]}"


def _other_channels(declared: tuple[str, ...], lock: Lock) -> tuple[str, ...] | None:
    """Return the declared channels where they are not those of the lock, in order."""
    locked = tuple(channel for channel in lock.channels if channel != "nodefaults")
    if not declared or not locked:
        return None
    same = len(declared) == len(locked) and all(map(_are_one, declared, locked))
    return None if same else declared


def _are_one(declared: str, locked: str) -> bool:
    """Say whether two spellings mean one channel: by name or by address, a variable in braces or without."""
    mine, theirs = (_plain_channel(channel) for channel in (declared, locked))
    local = theirs.startswith("file://") and theirs.endswith(f"/{mine.rpartition('/')[2]}")
    return mine == theirs or local


def _plain_channel(channel: str) -> str:
    plain = public_url(channel).rstrip("/").removeprefix(f"{CHANNEL_ALIAS}/")
    return re.sub(r"\$\{(\w+)\}", r"$\1", plain)

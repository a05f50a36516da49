"""conda-lock's content hash, computed without importing conda-lock, and the proof of freshness that it gives.

The hash of a platform covers channels, specs, package indexes and the virtual packages that were assumed. These are
not stored in a lock; so an equal hash proves that the sources are those that were locked, and another one proves
nothing. `assumed_machine` therefore tries the machines that conda-lock assumes: its default, other `--with-cuda`
values, and the spellings of its releases since 2.5.7 (earlier ones hashed other fields).

Source: conda-lock 4.0.3, content_hash.py, virtual_package.py, src_parser/aggregation.py, models/channel.py.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from urllib.parse import urlsplit

from reprocheck.locking.judging.content_requirements import pip_dependency
from reprocheck.locking.judging.content_specs import Dependency, Untold, conda_dependency, versioned
from reprocheck.locking.platforms import PLATFORMS, has_cuda, virtual_packages
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.platform_selectors import selector_keeps, selector_of
from reprocheck.model.virtual_packages import VirtualPackage

DEFAULT_CUDA = "11.4"
# What people pass to `--with-cuda`: every CUDA release that a driver can name.
_CUDA_RELEASES = (
    "9.2",
    *(f"10.{n}" for n in range(3)),
    *(f"11.{n}" for n in range(9)),
    *(f"12.{n}" for n in range(10)),
)
_NEWER_CUDA_RELEASES = tuple(f"13.{n}" for n in range(4))
_MINUTE_OF_BIRTH = 1577854800000  # the time stamp that conda-lock gives to every virtual package
_VARIABLE = re.compile(r"^\$\{?(?P<name>\w+)\}?$")
_TOKEN = re.compile(r"/t/(?P<token>[^/]+)(?=/)")


def content_hashes(
    environment: EnvironmentFile,
    platforms: Iterable[str],
    channels: Sequence[str],
    machines: Mapping[str, Sequence[VirtualPackage]],
) -> dict[str, str | None]:
    """Return conda-lock's content hash by platform, None where the sources hold something that cannot be told.

    `channels` as they are written, environment variables as `$NAME`; `machines` are the assumed virtual packages.
    """
    hashes: dict[str, str | None] = {}
    for platform in platforms:
        try:
            head = _head(environment, platform, channels)
        except Untold:
            hashes[platform] = None
        else:
            hashes[platform] = _hash(head, _machine(platform, machines[platform]))
    return hashes


def assumed_machine(
    environment: EnvironmentFile,
    stored: Mapping[str, str],
    channels: Sequence[str],
    given: Iterable[Mapping[str, Sequence[VirtualPackage]]] = (),
) -> Sequence[VirtualPackage] | None:
    """Return a machine on which conda-lock makes every stored hash of these very sources, None where there is none.

    With several platforms it is the machine of one on which there may be CUDA. `given` are machines to try first:
    those of a `virtual-packages.yml`.
    """
    given = tuple(given)
    found: list[Sequence[VirtualPackage]] = []
    for platform in sorted(stored, key=lambda name: (not has_cuda(name), name)):
        machine = _machine_behind(environment, platform, stored[platform], channels, given)
        if machine is None:
            return None
        found.append(machine)
    return found[0] if found else None


def _machine_behind(
    environment: EnvironmentFile,
    platform: str,
    digest: str,
    channels: Sequence[str],
    given: tuple[Mapping[str, Sequence[VirtualPackage]], ...],
) -> Sequence[VirtualPackage] | None:
    try:
        heads = [_head(environment, platform, channels, nulls) for nulls in (False, True)]
    except Untold:
        return None
    for machine in _machines(platform, given):
        tails = list(_machine_spellings(platform, machine))
        if any(_hash(head, tail) == digest for tail in tails for head in heads):
            return machine
    return None


def _hash(begun: hashlib._Hash, machine: str) -> str:
    """Return the hash of a begun document with its virtual packages, whose key comes last in sorted order."""
    whole = begun.copy()
    whole.update(f"{machine}}}".encode())
    return whole.hexdigest()


def _head(environment: EnvironmentFile, platform: str, channels: Sequence[str], nulls: bool = False) -> hashlib._Hash:
    """Return the hash of the JSON up to the virtual packages; many machines are tried behind one such beginning."""
    dependencies = _dependencies(environment, platform)
    if nulls:  # conda-lock 3.0.0 to 3.0.2 wrote fields that say nothing
        dependencies = [_with_nulls(dependency) for dependency in dependencies]
    document: dict[str, object] = {"channels": [_channel(channel) for channel in channels], "specs": dependencies}
    if environment.pip_repositories:
        document["pip_repositories"] = [
            _compact({"url": repository.address or repository.name}) for repository in environment.pip_repositories
        ]
    begun = json.dumps(document, sort_keys=True).removesuffix("}")
    return hashlib.sha256(f'{begun}, "virtual_package_hash": '.encode())


def _compact(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dependencies(environment: EnvironmentFile, platform: str) -> list[Dependency]:
    """Return what is asked for on `platform`; of several entries for a name the last one counts."""
    _refuse_what_is_not_plain(environment)
    asked: dict[tuple[str, str], Dependency] = {}
    for dependency in _all_dependencies(environment, platform):
        asked[str(dependency["manager"]), str(dependency["name"])] = dependency
    return [asked[key] for key in sorted(asked)]


def _all_dependencies(environment: EnvironmentFile, platform: str) -> Iterator[Dependency]:
    for path in environment.sources or (environment.path,):
        for spec in environment.conda:
            if spec.location.path == path and selector_keeps(spec.selector, platform):
                yield conda_dependency(spec)
        requirements = [entry for entry in environment.pip if entry.location.path == path]
        standing = [entry for entry in requirements if selector_keeps(entry.selector, platform)]
        for requirement in standing:
            found = pip_dependency(requirement, platform)
            if found is not None:
                yield found
        if standing:
            # Whoever has a pip section gets pip, whatever version the file itself asks for.
            yield versioned(name="pip", manager="conda", category="main", version="*")
        elif not requirements and environment.pip_location and environment.pip_location.path == path:
            raise Untold("an empty pip section counts as `pip: []`, and does not as `pip:`")


def _refuse_what_is_not_plain(environment: EnvironmentFile) -> None:
    sources = environment.sources or (environment.path,)
    if any(not source.endswith((".yml", ".yaml")) for source in sources):
        raise Untold("a source is no environment.yml")
    entries: tuple[CondaSpec | PipRequirement, ...] = (*environment.conda, *environment.pip)
    places = [(entry.location.path, entry.location.line) for entry in entries]
    if {path for path, _ in places} - set(sources):
        raise Untold("a requirements file is named")
    selected = {place for entry, place in zip(entries, places, strict=True) if entry.selector is not None}
    if any(places.count(place) > 1 for place in selected) or _pip_section_is_selected(environment):
        raise Untold("a selector stands behind several entries")


def _pip_section_is_selected(environment: EnvironmentFile) -> bool:
    place = environment.pip_location
    if place is None or place.path != environment.path or place.line > len(environment.lines):
        return False
    return selector_of(environment.lines[place.line - 1]) is not None


def _channel(text: str) -> str:
    """Return a channel as conda-lock writes it: variables that hold credentials in braces, and listed.

    Raises:
        Untold: credentials in the open, which conda-lock replaces by whatever variable happens to hold them.
    """
    if "://" not in text:
        return _compact({"url": text, "used_env_vars": []})
    parts = urlsplit(text)
    used: set[str] = set()
    netloc, path = parts.netloc, parts.path
    if parts.username:
        secrets = ":".join(_variable(secret, used) for secret in (parts.username, parts.password) if secret)
        netloc = f"{secrets}@{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    token = _TOKEN.search(path)
    if token:
        path = f"{path[: token.start()]}/t/{_variable(token['token'], used)}{path[token.end() :]}"
    return _compact({"url": parts._replace(netloc=netloc, path=path).geturl(), "used_env_vars": sorted(used)})


def _variable(secret: str, used: set[str]) -> str:
    found = _VARIABLE.match(secret)
    if not found:
        raise Untold("a channel holds credentials")
    used.add(found["name"])
    return f"${{{found['name']}}}"


def _with_nulls(dependency: Dependency) -> Dependency:
    repository = {"subdirectory": None} if "vcs" in dependency else {}
    return {"markers": None, **repository, **dependency}


def _machines(
    platform: str, given: Iterable[Mapping[str, Sequence[VirtualPackage]]]
) -> Iterator[Sequence[VirtualPackage]]:
    """Yield what may have been assumed of a platform, the likeliest first."""
    yield from (machines[platform] for machines in given if platform in machines)
    if platform not in PLATFORMS:
        return
    releases = (DEFAULT_CUDA, None, *_CUDA_RELEASES, *_NEWER_CUDA_RELEASES) if has_cuda(platform) else (None,)
    yield from (virtual_packages(platform, cuda) for cuda in releases)


def _machine_spellings(platform: str, packages: Sequence[VirtualPackage]) -> Iterator[str]:
    """Yield a machine as the releases of conda-lock spell it: with a build number or without, one `__osx` or two."""
    twice = (True, False) if platform == "osx-64" else (True,)
    for numbered, second in product((True, False), twice):
        yield _machine(platform, packages, numbered, second)


def _machine(platform: str, packages: Sequence[VirtualPackage], numbered: bool = True, second_osx: bool = True) -> str:
    """Return the JSON of the fake channel that holds the virtual packages of a platform.

    conda-lock keeps a second, meaningless `__osx` on osx-64 and a `_0` behind build strings, for old hashes' sake.
    """
    told = [*packages]
    if second_osx and platform == "osx-64" and VirtualPackage(name="__osx", version="11.0") in told:
        told.append(VirtualPackage(name="__osx", version="10.15"))
    listed = dict(_repodata_entry(package, platform, numbered) for package in told)
    return json.dumps(
        {
            "noarch": {"info": {"subdir": "noarch"}, "packages": {}},
            platform: {"info": {"subdir": platform}, "packages": listed},
        },
        sort_keys=True,
    )


def _repodata_entry(package: VirtualPackage, platform: str, numbered: bool) -> tuple[str, dict[str, object]]:
    text = "" if package.build == "0" else package.build
    build = f"{text}_0" if text and numbered else text or "0"
    return f"{package.name}-{package.version}-{build}.tar.bz2", {
        "name": package.name,
        "version": package.version,
        "build_string": text,
        "build_number": 0,
        "noarch": "",
        "depends": [],
        "timestamp": _MINUTE_OF_BIRTH,
        "package_type": "virtual_system",
        "build": build,
        "subdir": platform,
    }

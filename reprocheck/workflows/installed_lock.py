"""An installed environment in the place of a lock, so that the rules about locked packages look at what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reprocheck.facts.name_map import NameMap
from reprocheck.facts.native_runtimes import BLAS_WHEELS, OPENMP_WHEELS
from reprocheck.locking.judging.closure import projects_by_name, unmet_dependencies
from reprocheck.model.freshness import UnmetDependency
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.prefixes import UNKNOWN_VERSION, CondaRecord, Distribution, Package, Prefix
from reprocheck.model.project_names import normalise_name

_WITH_LIBRARIES = frozenset({*OPENMP_WHEELS, *BLAS_WHEELS})
_KINDS: Mapping[str, tuple[str, ...]] = {"openmp": ("libgomp", "libomp", "libiomp5"), "openblas": ("openblas",)}

Replaced = Mapping[str, Distribution]  # conda record -> the distribution that pip put in its place


def lock_of(prefix: Prefix, replaced: Replaced) -> Lock:
    """Return what is installed as a lock of one platform, without the conda packages that pip has replaced."""
    there = [package for package in prefix.packages if package.record not in replaced]
    return Lock(
        path=prefix.path,
        platforms=(prefix.platform,),
        channels=tuple(dict.fromkeys(package.channel for package in there if isinstance(package, CondaRecord))),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=tuple(_locked(package, prefix.platform, line) for line, package in enumerate(there, 1)),
        records=tuple(f"{prefix.path.rstrip('/')}/{package.record}" for package in there),
    )


def judged_lock(prefix: Prefix, replaced: Replaced, stale: Iterable[str]) -> Lock:
    """Return what is installed without what is not to be judged: `stale` records, and what has no known version."""
    lock = lock_of(prefix, replaced)
    spare = {f"{prefix.path.rstrip('/')}/{record}" for record in stale}
    judged = (package for package in lock.packages if lock.records[package.line - 1] not in spare)
    return replace(lock, packages=tuple(package for package in judged if package.version != UNKNOWN_VERSION))


def unmet_in(prefix: Prefix, replaced: Replaced, names: NameMap) -> tuple[UnmetDependency, ...]:
    """Return what installed packages need of each other and do not find, in the order of their records.

    Where pip has replaced a conda package, its version is the one that others meet.
    """
    lock = lock_of(prefix, {})
    versions = {f"{prefix.path.rstrip('/')}/{record}": item.version for record, item in replaced.items()}
    packages = tuple(
        replace(package, version=versions[place], build=None) if place in versions else package
        for package, place in zip(lock.packages, lock.records, strict=True)
    )
    there = replace(lock, packages=packages)
    return (*unmet_dependencies(there, names), *_wrong_versions(there, prefix.platform, names))


def _wrong_versions(lock: Lock, platform: str, names: NameMap) -> Iterator[UnmetDependency]:
    """Yield what pip's packages need in another version than the one that is there, as `pip check` does."""
    # Imported where it is needed: only an installed environment asks for it.
    from packaging.specifiers import SpecifierSet

    projects = projects_by_name(lock, platform, names)
    for package in lock.on(platform, "pip"):
        for name, constraint in package.dependencies:
            found = projects.get(normalise_name(name))
            if found is not None and found.version == UNKNOWN_VERSION:
                continue
            try:
                met = found is None or SpecifierSet(constraint).contains(found.version, prereleases=True)
            except ValueError:
                continue  # `===` of what is no version, what only the index would refuse, a number without end
            if not met:
                yield UnmetDependency(package=package, name=name, constraint=constraint, locked=found)


def _locked(package: Package, platform: str, line: int) -> LockedPackage:
    common = LockedPackage(
        name=package.name,
        version=package.version,
        manager="conda" if isinstance(package, CondaRecord) else "pip",
        platform=platform,
        dependencies=package.dependencies,
        url="",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build=None,
        channel=None,
        line=line,
    )
    if isinstance(package, Distribution):
        address = package.origin.address if package.origin else ""
        return replace(common, url=address, tags=package.tags, cuda=package.cuda, held=_held(package))
    whence = replace(common, url=package.url, build=package.build, channel=package.channel)
    return replace(whence, md5=package.md5, sha256=package.sha256)


def _held(item: Distribution) -> frozenset[str] | None:
    """Return the kinds of native libraries that a wheel brings, of those wheels that some release brings them in."""
    if not item.files or item.name not in _WITH_LIBRARIES:
        return None
    names = [file.path.rpartition("/")[2].lower() for file in item.files]
    return frozenset(kind for kind, words in _KINDS.items() if any(word in name for name in names for word in words))

"""Whether a lock holds together: everything that a locked package needs is locked beside it, in a fitting version.

Between conda packages versions and build strings count. What a pip package needs is looked for by name only, among
the pip packages and the projects that conda packages bring. What only pip could say of versions is its own work.

Source: conda-lock 4, lockfile/v1/models.py (`dependencies`: name to constraint, `version build` behind a space).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from reprocheck.errors import InputError
from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.locking.judging.plain_specs import admits
from reprocheck.model.environments import CondaSpec
from reprocheck.model.findings import Location
from reprocheck.model.freshness import UnmetDependency
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name

ByName = Mapping[str, LockedPackage]


def unmet_dependencies(lock: Lock, names: NameMap | None = None) -> tuple[UnmetDependency, ...]:
    """Return every dependency that the lock does not meet, in the order of the lock."""
    known = names or load_name_map()
    return tuple(chain.from_iterable(_unmet_on(lock, platform, known) for platform in lock.platforms))


def conda_by_name(lock: Lock, platform: str) -> ByName:
    """Return the conda packages of a platform by name."""
    return {package.name: package for package in lock.on(platform, "conda")}


def projects_by_name(lock: Lock, platform: str, names: NameMap) -> ByName:
    """Return what provides each PyPI project on a platform; the pip part comes last and wins."""
    found: dict[str, LockedPackage] = {}
    for package in lock.on(platform, "conda"):
        for name in (*names.pypi_names(package.name), normalise_name(package.name)):
            found[name] = package
    found.update({normalise_name(package.name): package for package in lock.on(platform, "pip")})
    return found


def _unmet_on(lock: Lock, platform: str, names: NameMap) -> Iterator[UnmetDependency]:
    conda = conda_by_name(lock, platform)
    known: dict[tuple[str, str], bool] = {}
    for package in lock.on(platform, "conda"):
        for name, constraint in package.dependencies:
            if not name.startswith("__") and not _is_met(conda.get(name), name, constraint, known):
                yield UnmetDependency(package=package, name=name, constraint=constraint, locked=conda.get(name))
    pip = lock.on(platform, "pip")
    if not pip:
        return
    projects = projects_by_name(lock, platform, names)
    for package in pip:
        for name, constraint in package.dependencies:
            if normalise_name(name) not in projects and name not in conda:
                yield UnmetDependency(package=package, name=name, constraint=constraint, locked=None)


def _is_met(package: LockedPackage | None, name: str, constraint: str, known: dict[tuple[str, str], bool]) -> bool:
    if package is None or not constraint:
        return package is not None
    key = (name, constraint)
    if key not in known:
        known[key] = _admits(package, constraint)
    return known[key]


def _admits(package: LockedPackage, constraint: str) -> bool:
    """Say whether a package meets a constraint; what nobody can read is no objection."""
    version, _, build = constraint.partition(" ")
    plain = admits(version, build.strip() or None, package.version, package.build)
    if plain is not None:
        return plain
    # Imported where it is needed: most locks are judged without the 60 ms that rattler takes to load.
    from reprocheck.locking.solving.rattler_solver import spec_admits

    place = Location(path="", line=1, column=1)
    spec = CondaSpec(
        text=f"{package.name} {constraint}",
        name=package.name,
        version=version,
        build=build.strip() or None,
        channel=None,
        location=place,
    )
    try:
        return spec_admits(spec, package)
    except InputError:
        return True

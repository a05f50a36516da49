"""Which locked packages nothing needs that the sources declare: what a removed spec, or an update, left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.locking.judging.closure import ByName, conda_by_name, projects_by_name
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock, LockedPackage, Manager
from reprocheck.model.platform_selectors import selector_keeps
from reprocheck.model.project_names import normalise_name

_OPEN_ENDED = ("path", "editable", "unreadable")


def unreachable_packages(
    environment: EnvironmentFile, lock: Lock, names: NameMap | None = None
) -> tuple[LockedPackage, ...]:
    """Return the locked packages that no entry of `environment` leads to, in the order of the lock.

    Where a pip line leads nobody knows where to (a URL without a name, a local path, a requirements file that was not
    read), no pip package is told.
    """
    open_ended = any(map(_is_open_ended, environment.pip))
    known = names or load_name_map()
    found = [package for platform in lock.platforms for package in _on(environment, lock, platform, known)]
    return tuple(package for package in found if not (open_ended and package.manager == "pip"))


def _is_open_ended(line: PipRequirement) -> bool:
    if line.kind == "option":
        # Imported where it is needed: it brings shlex, and few files have options.
        from reprocheck.readers.pip_options import read_pip_options

        return bool(read_pip_options([line]).unknown)
    return line.kind in _OPEN_ENDED or line.name is None


def _on(environment: EnvironmentFile, lock: Lock, platform: str, names: NameMap) -> Iterator[LockedPackage]:
    conda, pip = conda_by_name(lock, platform), lock.on(platform, "pip")
    projects = projects_by_name(lock, platform, names) if pip or environment.pip else {}
    reached = _closure(_roots(environment, platform), conda, projects)
    for package in (*lock.on(platform, "conda"), *pip):
        if (package.manager, package.name) not in reached:
            yield package


def _roots(environment: EnvironmentFile, platform: str) -> Iterator[tuple[Manager, str]]:
    for spec in environment.conda:
        if selector_keeps(spec.selector, platform):
            yield "conda", spec.name
    if environment.pip_location is not None:
        yield "conda", "pip"  # conda-lock adds it to whatever has a pip section
    for requirement in environment.pip:
        if requirement.name is not None and selector_keeps(requirement.selector, platform):
            yield "pip", requirement.name


def _closure(roots: Iterable[tuple[Manager, str]], conda: ByName, projects: ByName) -> set[tuple[Manager, str]]:
    """Return the packages that the roots lead to; what a pip package needs may be a conda package."""
    waiting = list(roots)
    reached: set[tuple[Manager, str]] = set()
    while waiting:
        manager, name = waiting.pop()
        package = conda.get(name) if manager == "conda" else projects.get(normalise_name(name)) or conda.get(name)
        if package is None or (package.manager, package.name) in reached:
            continue
        reached.add((package.manager, package.name))
        waiting.extend((package.manager, needed) for needed, _ in package.dependencies)
    return reached

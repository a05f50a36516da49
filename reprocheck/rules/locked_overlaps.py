"""Projects that one lock installs twice on a platform, by conda and by pip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reprocheck.facts.name_map import NameMap
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A pip package and the conda packages of the same lock and platform that install its project."""

    project: str
    pip: LockedPackage
    conda: tuple[LockedPackage, ...]


def overlaps_in(lock: Lock, platform: str, names: NameMap) -> Iterator[Overlap]:
    """Yield every overlap of a platform, in the order of the pip packages in the lock."""
    pip = lock.on(platform, "pip")
    installers = conda_installers(lock, platform, names) if pip else {}
    for package in pip:
        project = normalise_name(package.name)
        if project in installers:
            yield Overlap(project=project, pip=package, conda=installers[project])


def conda_installers(lock: Lock, platform: str, names: NameMap) -> Mapping[str, tuple[LockedPackage, ...]]:
    """Return which locked conda packages install each PyPI project, those that are mainly that project first."""
    mainly: dict[str, tuple[LockedPackage, ...]] = {}
    also: dict[str, tuple[LockedPackage, ...]] = {}
    for package in lock.on(platform, "conda"):
        for index, project in enumerate(names.pypi_names(package.name)):
            found = also if index else mainly
            found[project] = (*found.get(project, ()), package)
    return {project: (*mainly.get(project, ()), *also.get(project, ())) for project in {**mainly, **also}}

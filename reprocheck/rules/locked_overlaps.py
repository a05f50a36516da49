"""Projects that one lock installs twice on a platform, by conda and by pip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.facts.name_map import NameMap, normalise_name
from reprocheck.model.locks import Lock, LockedPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A pip package and the conda packages of the same lock and platform that install its project."""

    pip: LockedPackage
    conda: tuple[LockedPackage, ...]


def overlaps_in(lock: Lock, platform: str, names: NameMap) -> Iterator[Overlap]:
    """Yield every overlap of a platform, in the order of the pip packages in the lock."""
    pip = lock.on(platform, "pip")
    if not pip:
        return
    for package in pip:
        rivals = conda_installers(lock, platform, normalise_name(package.name), names)
        if rivals:
            yield Overlap(pip=package, conda=rivals)


def conda_installers(lock: Lock, platform: str, project: str, names: NameMap) -> tuple[LockedPackage, ...]:
    """Return the locked conda packages that install a PyPI project, the one named most like it first."""
    wanted = {normalise_name(name) for name in names.conda_names(project)}
    found = [package for package in lock.on(platform, "conda") if normalise_name(package.name) in wanted]
    return tuple(sorted(found, key=lambda package: names.pypi_names(package.name)[0] != project))

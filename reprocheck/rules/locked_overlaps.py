"""Projects that one lock installs twice on a platform, by conda and by pip.

Native runtimes are left out: RC304 looks at what both sides write into the same folder, whatever the projects are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from reprocheck.facts.native_runtimes import PREFIX_WRITERS
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.declarations import declared
from reprocheck.rules.facts import Facts, Unseen

Installers = Mapping[str, tuple[LockedPackage, ...]]


class Overlap(NamedTuple):
    """A pip package and the conda packages of the same lock and platform that install its project."""

    project: str
    pip: LockedPackage
    conda: tuple[LockedPackage, ...]


def overlaps_in(facts: Facts, lock: Lock, platform: str) -> tuple[Overlap, ...]:
    """Return every overlap of a platform, in the order of the pip packages in the lock; worked out once and kept."""
    key = ("overlaps", platform)
    if key not in facts.memo:
        facts.memo[key] = tuple(_overlaps(facts, lock, platform))
    return cast("tuple[Overlap, ...]", facts.memo[key])


def is_declared(facts: Facts, overlap: Overlap) -> bool:
    """Say whether conda was asked for its side by name; without an environment file nobody knows, and it counts."""
    return isinstance(facts.environment, Unseen) or any(
        declared(facts, "conda", package.name) for package in overlap.conda
    )


def conda_installers(facts: Facts, lock: Lock, platform: str) -> Installers:
    """Return which locked conda packages install each PyPI project, those that are mainly that project first."""
    key = ("installers", platform)
    if key not in facts.memo:
        facts.memo[key] = _installers(facts, lock, platform)
    return cast("Installers", facts.memo[key])


def _overlaps(facts: Facts, lock: Lock, platform: str) -> Iterator[Overlap]:
    pip = lock.on(platform, "pip")
    installers = conda_installers(facts, lock, platform) if pip else {}
    for package in pip:
        project = normalise_name(package.name)
        if project in installers and project not in PREFIX_WRITERS:
            yield Overlap(project=project, pip=package, conda=installers[project])


def _installers(facts: Facts, lock: Lock, platform: str) -> Installers:
    mainly: dict[str, tuple[LockedPackage, ...]] = {}
    also: dict[str, tuple[LockedPackage, ...]] = {}
    for package in lock.on(platform, "conda"):
        for index, project in enumerate(facts.names.pypi_names(package.name)):
            found = also if index else mainly
            found[project] = (*found.get(project, ()), package)
    return {
        project: (*sorted(mainly.get(project, ()), key=_is_choice), *also.get(project, ()))
        for project in {**mainly, **also}
    }


def _is_choice(package: LockedPackage) -> bool:
    """Say whether the name is one that only chooses a build of another package, as `pytorch-cpu` does of `pytorch`."""
    return package.name.endswith(("-cpu", "-gpu"))

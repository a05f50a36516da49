"""Give each locked package its category: `main`, or the first of the others that needs it.

conda-lock writes one entry for each category that needs a package; one entry is what every installer reads rightly, for
`main` is always installed.
Source: conda-lock 4.0.3, conda_lock/lockfile/__init__.py (`apply_categories`: main wins, then `optional` follows).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from reprocheck.graph.links import Links, Names, Node, link_packages, node_of
from reprocheck.model.environments import MAIN, CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.platform_selectors import KNOWN_SELECTORS

_PYTHON = Node("conda", "python")


def assign_categories(
    packages: Sequence[LockedPackage], environment: EnvironmentFile, names: Names
) -> tuple[LockedPackage, ...]:
    """Return `packages`, in order, each with the category that needs it; what no declared entry needs is `main`."""
    if not _others(environment):
        return tuple(_placed(package, MAIN) for package in packages)
    platforms = dict.fromkeys(package.platform for package in packages)
    found = {platform: _categories_on(platform, packages, environment, names) for platform in platforms}
    return tuple(_placed(package, found[package.platform].get(node_of(package), MAIN)) for package in packages)


def _placed(package: LockedPackage, category: str) -> LockedPackage:
    return replace(package, category=category, optional=category != MAIN)


def _others(environment: EnvironmentFile) -> tuple[str, ...]:
    """Return the categories besides `main` in the order in which they appear."""
    entries: tuple[CondaSpec | PipRequirement, ...] = (*environment.conda, *environment.pip)
    return tuple(dict.fromkeys(entry.category for entry in entries if entry.category != MAIN))


def _categories_on(
    platform: str, packages: Sequence[LockedPackage], environment: EnvironmentFile, names: Names
) -> dict[Node, str]:
    here = tuple(package for package in packages if package.platform == platform)
    found: dict[Node, str] = {}
    for category in (MAIN, *_others(environment)):
        links = link_packages(_as_lock(here, platform), _part(environment, category, platform), platform, names)
        _spread(category, links, found)
    return found


def _spread(category: str, links: Links, found: dict[Node, str]) -> None:
    """Give `category` to everything that the roots reach, but for what an earlier category has."""
    queue = deque(root.target for root in links.roots)
    while queue:
        node = queue.popleft()
        if node not in found:
            found[node] = category
            queue.extend(link.target for link in links.needs[node])
            if node.manager == "pip" and _PYTHON in links.packages:
                queue.append(_PYTHON)  # wheels do not name it, and none runs without


def _part(environment: EnvironmentFile, category: str, platform: str) -> EnvironmentFile:
    """Return the environment with the entries of one category that hold on one platform."""
    return replace(
        environment,
        conda=tuple(spec for spec in environment.conda if _is_of(spec, category, platform)),
        pip=tuple(requirement for requirement in environment.pip if _is_of(requirement, category, platform)),
    )


def _is_of(entry: CondaSpec | PipRequirement, category: str, platform: str) -> bool:
    holds = entry.selector is None or platform in KNOWN_SELECTORS.get(entry.selector, ())
    return holds and entry.category == category


def _as_lock(packages: tuple[LockedPackage, ...], platform: str) -> Lock:
    return Lock(
        path="",
        platforms=(platform,),
        channels=(),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=packages,
    )

"""Paths through the lock, from what was declared to a package: worked out once for each platform and kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.facts import Facts

if TYPE_CHECKING:
    # For annotations only: paths are looked for where something is wrong, which is rare.
    from reprocheck.graph.links import Link, Links, Tree


def links_of(facts: Facts, lock: Lock, platform: str) -> Links:
    """Return which package needs which on a platform; the roots are what the environment file declares."""
    key = ("closure", platform)
    if key not in facts.memo:
        # Imported where it is needed, see above.
        from reprocheck.graph.links import link_packages

        environment = facts.environment if isinstance(facts.environment, EnvironmentFile) else None
        facts.memo[key] = link_packages(lock, environment, platform, facts.names)
    return cast("Links", facts.memo[key])


def path_to(facts: Facts, lock: Lock, package: LockedPackage) -> tuple[PackageRef, ...]:
    """Return the packages from a declared one to `package`, both included; empty where nothing declared leads there."""
    return _path(facts, lock, package, conda_only=False)


def conda_path_to(facts: Facts, lock: Lock, package: LockedPackage) -> tuple[PackageRef, ...]:
    """Return the path from what the conda part declares to a conda package: why the solver took it."""
    return _path(facts, lock, package, conda_only=True)


def ways_in(facts: Facts, lock: Lock, packages: Iterable[PackageRef]) -> tuple[tuple[PackageRef, ...], ...]:
    """Return how locked packages came in, each way once, where something else brought them."""
    held = (
        item
        for package in packages
        for item in lock.named(package.platform or "", package.name)
        if item.manager == package.manager
    )
    paths = dict.fromkeys(path_to(facts, lock, item) for item in held)
    return tuple(path for path in paths if len(path) > 1)


def _path(facts: Facts, lock: Lock, package: LockedPackage, *, conda_only: bool) -> tuple[PackageRef, ...]:
    # Imported where they are needed, see above.
    from reprocheck.graph.links import node_of, path_in

    links = links_of(facts, lock, package.platform)
    tree = _tree(facts, links, conda_only=conda_only)
    steps = (links.packages[link.target] for link in path_in(tree, node_of(package)))
    return tuple(
        PackageRef(manager=step.manager, name=step.name, version=step.version, platform=step.platform) for step in steps
    )


def _tree(facts: Facts, links: Links, *, conda_only: bool) -> Tree:
    """Return the tree of shortest paths; one walk through the lock serves all findings of a platform."""
    key = ("paths of conda" if conda_only else "paths", links.platform)
    if key not in facts.memo:
        # Imported where it is needed, see above.
        from reprocheck.graph.links import spanning_tree

        roots = _roots_of_conda(facts, links) if conda_only else links.roots
        facts.memo[key] = spanning_tree(links, roots)
    return cast("Tree", facts.memo[key])


def _roots_of_conda(facts: Facts, links: Links) -> tuple[Link, ...]:
    """Return the declared conda packages; a pip line that conda's package answers is none of them."""
    roots = tuple(root for root in links.roots if root.target.manager == "conda")
    if not isinstance(facts.environment, EnvironmentFile):
        return roots
    asked = {spec.name for spec in facts.environment.conda}
    return tuple(root for root in roots if root.target.name in asked)


def arrows(path: tuple[PackageRef, ...]) -> str:
    """Return a path as text: `a → b → c`."""
    return " → ".join(step.name for step in path)

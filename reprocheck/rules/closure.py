"""Paths through the lock, from what was declared to a package: worked out once for each platform and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.facts import Facts

if TYPE_CHECKING:
    # For annotations only: paths are looked for where something is wrong, which is rare.
    from reprocheck.graph.links import Links


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
    # Imported where they are needed, see above.
    from reprocheck.graph.links import node_of, shortest_path

    links = links_of(facts, lock, package.platform)
    steps = (links.packages[link.target] for link in shortest_path(links, node_of(package)))
    return tuple(
        PackageRef(manager=step.manager, name=step.name, version=step.version, platform=step.platform)
        for step in steps
    )


def arrows(path: tuple[PackageRef, ...]) -> str:
    """Return a path as text: `a → b → c`."""
    return " → ".join(step.name for step in path)

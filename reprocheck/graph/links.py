"""Which package of a lock needs which, on one platform, conda and pip together.

Plain data without networkx, which takes longer to import than `reprocheck check` may take: the rules need one
shortest path now and then. `dependency_graph.py` makes a networkx graph of the same links.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock, LockedPackage, Manager
from reprocheck.model.project_names import normalise_name

_EXTRAS = re.compile(r"\[.*$")


class Names(Protocol):
    """What the graph asks of a name map."""

    def pypi_names(self, conda_name: str) -> tuple[str, ...]:
        """Return the PyPI projects that a conda package installs."""
        ...


class Node(NamedTuple):
    """One package, by manager and name; pip names are normalised after PEP 503. A tuple, since paths hash it a lot."""

    manager: Manager
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One requirement: who is needed, and in which versions, as the one who needs it wrote that."""

    target: Node
    constraint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """All packages of one platform. `roots` are what the user declared; `needs` is in file order.

    Where there is no environment file, the roots are the packages that no other package needs.
    """

    platform: str
    packages: Mapping[Node, LockedPackage]
    needs: Mapping[Node, tuple[Link, ...]]
    roots: tuple[Link, ...]


Tree: TypeAlias = "Mapping[Node, tuple[Node | None, Link]]"
"""Who led to each package first, and by which link; None for a root."""


def link_packages(lock: Lock, environment: EnvironmentFile | None, platform: str, names: Names) -> Links:
    """Return the links of one platform. Virtual packages (`__cuda`) are no packages and stay out."""
    packages = {node_of(package): package for package in lock.on(platform) if not package.name.startswith("__")}
    providers = _providers(packages, names)
    needs = {node: tuple(_links(node, package.dependencies, packages, providers)) for node, package in packages.items()}
    roots = _declared(environment, packages, providers) if environment else _unneeded(needs)
    return Links(platform=platform, packages=packages, needs=needs, roots=tuple(roots))


def spanning_tree(links: Links, roots: tuple[Link, ...]) -> Tree:
    """Return how each package is reached first from the roots, breadth first: by a shortest path."""
    came_by: dict[Node, tuple[Node | None, Link]] = {}
    queue: deque[tuple[Node | None, Link]] = deque((None, root) for root in roots)
    while queue:
        origin, link = queue.popleft()
        if link.target in came_by:
            continue
        came_by[link.target] = (origin, link)
        queue.extend((link.target, needed) for needed in links.needs.get(link.target, ()))
    return came_by


def path_in(tree: Tree, target: Node) -> tuple[Link, ...]:
    """Return the links from a root of the tree to `target`; empty when none leads there."""
    return _walk_back(tree, target) if target in tree else ()


def nodes_named(links: Links, name: str) -> tuple[Node, ...]:
    """Return the conda and the pip node of a name, whichever are there, conda first."""
    wanted = normalise_name(name)
    return tuple(sorted(node for node in links.packages if normalise_name(node.name) == wanted))


def node_of(package: LockedPackage) -> Node:
    """Return the node of a locked package."""
    return node_for(package.manager, package.name)


def node_for(manager: str, name: str) -> Node:
    """Return the node of a manager's package."""
    return Node("pip", normalise_name(name)) if manager == "pip" else Node("conda", name.lower())


def _walk_back(came_by: Tree, target: Node) -> tuple[Link, ...]:
    path: list[Link] = []
    here: Node | None = target
    while here is not None:
        here, link = came_by[here]
        path.append(link)
    return tuple(reversed(path))


def _providers(packages: Mapping[Node, LockedPackage], names: Names) -> Mapping[str, Node]:
    """Return who provides a PyPI project: the pip package itself, else the first conda package that installs it."""
    providers: dict[str, Node] = {}
    for node in packages:
        if node.manager == "conda":
            for project in names.pypi_names(node.name):
                providers.setdefault(project, node)
    return providers | {node.name: node for node in packages if node.manager == "pip"}


def _links(
    node: Node,
    dependencies: tuple[tuple[str, str], ...],
    packages: Mapping[Node, LockedPackage],
    providers: Mapping[str, Node],
) -> Iterator[Link]:
    for name, constraint in dependencies:
        bare = _EXTRAS.sub("", name).strip()
        target = Node("conda", bare.lower()) if node.manager == "conda" else providers.get(normalise_name(bare))
        if target in packages and target is not None and target != node:
            yield Link(target=target, constraint=constraint)


def _declared(
    environment: EnvironmentFile, packages: Mapping[Node, LockedPackage], providers: Mapping[str, Node]
) -> Iterator[Link]:
    entries: tuple[CondaSpec | PipRequirement, ...] = (*environment.conda, *environment.pip)
    for entry in entries:
        target = _target_of(entry, providers)
        if target in packages and target is not None:
            yield Link(target=target, constraint=constraint_of(entry))


def _target_of(entry: CondaSpec | PipRequirement, providers: Mapping[str, Node]) -> Node | None:
    return Node("conda", entry.name) if isinstance(entry, CondaSpec) else providers.get(entry.name or "")


def constraint_of(entry: CondaSpec | PipRequirement) -> str:
    """Return the constraint of a declared entry as it was written, empty when it has none."""
    if isinstance(entry, PipRequirement):
        return entry.specifier
    return " ".join(part for part in (entry.version, entry.build) if part)


def _unneeded(needs: Mapping[Node, tuple[Link, ...]]) -> Iterator[Link]:
    needed = {link.target for links in needs.values() for link in links}
    yield from (Link(target=node, constraint="") for node in sorted(needs) if node not in needed)

"""`tree`: the packages of a lock below what was declared, or who needs them, upwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprocheck.graph.described import describer, replacements
from reprocheck.graph.links import Links, Node, spanning_tree
from reprocheck.graph.trees import leaves, tree_rows, users
from reprocheck.model.package_graphs import PackageTree
from reprocheck.workflows.locked_links import LockChoice, OpenedLock, find_nodes, open_lock, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRequest:
    """Which packages of which lock; without `names` all that was declared, or inverted, all that need nothing else."""

    choice: LockChoice
    names: tuple[str, ...] = ()
    inverted: bool = False
    depth: int | None = None


def plant_trees(request: TreeRequest) -> tuple[PackageTree, ...]:
    """Return a tree for each platform that has what was asked for.

    Raises:
        InputError: the lock is missing or broken, or holds no such package or platform.
    """
    opened = open_lock(request.choice)
    trees: list[PackageTree] = []
    found: set[str] = set()
    for platform in opened.platforms:
        links = opened.links(platform)
        nodes = {name: find_nodes(links, name, opened.names) for name in request.names}
        found.update(name for name in request.names if nodes[name])
        wanted = tuple(dict.fromkeys(node for of_name in nodes.values() for node in of_name))
        if wanted or not request.names:
            trees.append(_tree(request, opened, links, wanted))
    for name in request.names:
        if name not in found:
            raise unknown_name(name, opened, request.choice.platform)
    return tuple(trees)


def _tree(request: TreeRequest, opened: OpenedLock, links: Links, wanted: Sequence[Node]) -> PackageTree:
    whole = leaves(links) if request.inverted else tuple(dict.fromkeys(root.target for root in links.roots))
    below = users(links) if request.inverted else links.needs
    describe = describer(links, replacements(links, opened.names), declared=opened.environment is not None)
    all_shown = not (request.names or request.inverted)
    return PackageTree(
        platform=links.platform,
        title=_title(request, opened),
        declared_in=opened.declared_in,
        inverted=request.inverted,
        rows=tuple(tree_rows(wanted or whole, below, describe, request.depth)),
        unreached=len(links.packages) - len(spanning_tree(links, links.roots)) if all_shown else 0,
    )


def _title(request: TreeRequest, opened: OpenedLock) -> str:
    names = ", ".join(request.names)
    if request.inverted:
        return f"who needs {names}" if names else "upwards from what needs nothing else,"
    return f"what {names} needs" if names else opened.declared_in or "what nothing else needs"

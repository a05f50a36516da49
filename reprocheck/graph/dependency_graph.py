"""The dependencies of one platform as a networkx graph, and the paths that lead to a package.

Nodes are `Node`s with the attribute `package`; the one extra node `ROOT` stands for what the user declared.
Edges carry `constraint`. Everything follows the order of the lock and of the environment file.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final, TypeAlias

import networkx as nx

from reprocheck.graph.links import Link, Links, Node

ROOT: Final = Node("conda", "")
Graph: TypeAlias = "nx.DiGraph[Node]"


def graph_of(links: Links) -> Graph:
    """Return the networkx graph of given links; of two links between the same nodes the first one stays."""
    graph: Graph = nx.DiGraph(platform=links.platform)
    graph.add_node(ROOT)
    graph.add_nodes_from((node, {"package": package}) for node, package in links.packages.items())
    _add_links(graph, ROOT, links.roots)
    for node, needed in links.needs.items():
        _add_links(graph, node, needed)
    return graph


def _add_links(graph: Graph, origin: Node, links: tuple[Link, ...]) -> None:
    for link in links:
        if not graph.has_edge(origin, link.target):
            graph.add_edge(origin, link.target, constraint=link.constraint)


def paths_to(graph: Graph, target: Node) -> tuple[tuple[Link, ...], ...]:
    """Return one shortest path from each declared package that leads to `target`, the shortest first.

    A path through another declared package is left out, since that one tells its own. One search tells all of them.
    """
    backwards = graph.reverse(copy=False)
    declared = tuple(graph.successors(ROOT))
    onwards = dict(nx.bfs_predecessors(backwards, target))  # the next step towards the target
    paths = [_path_along(onwards, node, target) for node in declared if node == target or node in onwards]
    near = sorted(paths, key=len)  # stable: those of one length stay in the order of the file
    told = (_links_along(graph, [ROOT, *path]) for path in near)
    return tuple(path for path in told if not {link.target for link in path[1:]} & set(declared) - {target})


def _path_along(onwards: Mapping[Node, Node], node: Node, target: Node) -> list[Node]:
    path = [node]
    while path[-1] != target:
        path.append(onwards[path[-1]])
    return path


def _links_along(graph: Graph, nodes: list[Node]) -> tuple[Link, ...]:
    return tuple(
        Link(target=there, constraint=graph.edges[here, there]["constraint"]) for here, there in pairwise(nodes)
    )

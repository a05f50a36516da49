"""The dependencies of one platform as a networkx graph, and the paths that lead to a package.

Nodes are `Node`s with the attribute `package`; the one extra node `ROOT` stands for what the user declared.
Edges carry `constraint`. Everything follows the order of the lock and of the environment file.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeAlias

import networkx as nx

from reprocheck.graph.links import Link, Links, Names, Node, link_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.model.project_names import normalise_name

ROOT: Final = Node("conda", "")
Graph: TypeAlias = "nx.DiGraph[Node]"


def build_graph(lock: Lock, environment: EnvironmentFile | None, platform: str, names: Names) -> Graph:
    """Return the graph of one platform; without an environment, what nothing needs counts as declared."""
    return graph_of(link_packages(lock, environment, platform, names))


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


def nodes_named(graph: Graph, name: str) -> tuple[Node, ...]:
    """Return the conda and the pip node of a name, whichever are there, conda first."""
    wanted = normalise_name(name)
    return tuple(sorted(node for node in graph if node != ROOT and normalise_name(node.name) == wanted))


def paths_to(graph: Graph, target: Node) -> tuple[tuple[Link, ...], ...]:
    """Return one shortest path from each declared package that leads to `target`, the shortest first.

    A path through another declared package is left out, since that one tells its own.
    """
    backwards = graph.reverse(copy=False)
    declared = tuple(graph.successors(ROOT))
    near = nx.single_source_shortest_path_length(backwards, target)
    reached = sorted((node for node in declared if node in near), key=lambda node: (near[node], declared.index(node)))
    paths = (_links_along(graph, [ROOT, *nx.shortest_path(graph, node, target)]) for node in reached)
    return tuple(path for path in paths if not {link.target for link in path[1:]} & set(declared) - {target})


def _links_along(graph: Graph, nodes: list[Node]) -> tuple[Link, ...]:
    return tuple(
        Link(target=there, constraint=graph.edges[here, there]["constraint"]) for here, there in pairwise(nodes)
    )

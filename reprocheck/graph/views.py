"""What to draw of a graph: all of it, or only the paths from what was declared to the packages in question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from reprocheck.graph.dependency_graph import graph_of, paths_to
from reprocheck.graph.described import Describe
from reprocheck.graph.links import Link, Links, Node
from reprocheck.model.package_graphs import GraphEdge, GraphPackage, PackageGraph
from reprocheck.model.redaction import public_line

MOST_DRAWN = 40
_MOST_PATHS = 3  # from so many declared packages a picture shows the way to one target

_Path = tuple[Link, ...]
_Edges = dict[tuple[Node, Node], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The links of a platform, what a drawing says of each package, and which pip package replaces which of conda."""

    links: Links
    describe: Describe
    replaced: tuple[tuple[Node, Node], ...]


def whole_graph(canvas: Canvas) -> PackageGraph:
    """Return all packages of a platform, in the order of the lock."""
    needs = canvas.links.needs.items()
    # Of two requirements on one package the first stays, as in the networkx graph.
    edges = {(node, link.target): link.constraint for node, needed in needs for link in reversed(needed)}
    ordered = {(node, link.target): edges[node, link.target] for node, needed in needs for link in needed}
    return _graph(canvas, {node: canvas.describe(node) for node in canvas.links.packages}, ordered)


def paths_view(canvas: Canvas, targets: Sequence[Node]) -> PackageGraph:
    """Return the targets and shortest paths that lead to them, `MOST_DRAWN` packages at the most.

    Targets come first, and what they want of each other; then each of them gets a path in turns, so that no one takes
    all the room.
    """
    graph = graph_of(canvas.links)
    paths = {target: paths_to(graph, target) for target in targets[:MOST_DRAWN]}
    drawn, edges, undrawn = set(paths), _edges_among(paths, canvas.links), {key: len(to) for key, to in paths.items()}
    for target, path in _in_turns(paths):
        along = [link.target for link in path]
        if len(drawn.union(along)) <= MOST_DRAWN:
            drawn.update(along)
            edges.update({(here, link.target): link.constraint for here, link in zip(along, path[1:], strict=False)})
            undrawn[target] -= 1
    in_order = (node for node in canvas.links.packages if node in drawn)
    packages = {node: replace(canvas.describe(node), undrawn=undrawn.get(node, 0)) for node in in_order}
    return replace(_graph(canvas, packages, edges), undrawn=len(targets) - len(paths))


def _edges_among(targets: Collection[Node], links: Links) -> _Edges:
    needs = ((node, link) for node in targets for link in reversed(links.needs[node]) if link.target in targets)
    return {(node, link.target): link.constraint for node, link in needs}


def _in_turns(paths: Mapping[Node, tuple[_Path, ...]]) -> Iterator[tuple[Node, _Path]]:
    """Yield the first path of each target, then the second of each, and so on."""
    for turn in zip_longest(*(of_target[:_MOST_PATHS] for of_target in paths.values())):
        yield from ((target, path) for target, path in zip(paths, turn, strict=True) if path is not None)


def _graph(
    canvas: Canvas, packages: Mapping[Node, GraphPackage], edges: Mapping[tuple[Node, Node], str]
) -> PackageGraph:
    place = {node: number for number, node in enumerate(packages)}
    needs = (
        GraphEdge(origin=place[here], target=place[there], constraint=public_line(constraint))
        for (here, there), constraint in edges.items()
    )
    replaces = (
        GraphEdge(origin=place[pip], target=place[conda], constraint="", kind="replaces")
        for pip, conda in canvas.replaced
        if pip in place and conda in place
    )
    return PackageGraph(platform=canvas.links.platform, packages=tuple(packages.values()), edges=(*needs, *replaces))

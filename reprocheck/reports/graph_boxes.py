"""Where the boxes and lines of a picture go: texts that fit, columns of equal boxes, lines in the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass

from reprocheck.model.package_graphs import GraphEdge, GraphPackage, PackageGraph
from reprocheck.reports.columns import Placed, place_columns
from reprocheck.reports.graph_words import declaration
from reprocheck.reports.layers import Layers, layers_of
from reprocheck.reports.text_width import shortened, text_width
from reprocheck.reports.visible import visible

NAME_PX, SMALL_PX = 13, 11
LABEL_HEIGHT = 14
_PADDING = 12
_MOST_NAME, _MOST_VERSION, _MOST_SMALL, _MOST_LABEL = 210, 100, 230, 150
_SMALLEST_BOX = 96
_FIRST_LINE, _OTHER_LINE = 26, 15
_SMALLEST_GAP, _AROUND_LABEL = 56, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One package: its place and size, its name and version as they fit, and the lines below them."""

    x: int
    y: int
    width: int
    height: int
    package: GraphPackage
    name: str
    version: str
    small: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One edge: the points that it passes from left to right, whether its head is at the left end, and its label."""

    points: tuple[tuple[int, int], ...]
    turned: bool
    edge: GraphEdge
    at_odds: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """A whole picture, without what stands around it."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def arrange(graph: PackageGraph) -> Boxes:
    """Return the places of all boxes and lines."""
    layers = layers_of(len(graph.packages), [(edge.origin, edge.target) for edge in graph.edges])
    texts = [_texts(package) for package in graph.packages]
    heights = [_FIRST_LINE + _OTHER_LINE * len(small) + 6 for _, _, small in texts]
    widths = [
        max((_width(texts[node]) for node in column if node < len(texts)), default=0) for column in layers.columns
    ]
    labels = [_label(graph, edge) for edge in graph.edges]
    placed = place_columns(layers, heights, widths, _gaps(layers, labels))
    boxes = []
    for node, (name, version, small) in enumerate(texts):
        left, right = placed.sides[node]
        box = Box(
            x=left,
            y=placed.middles[node] - heights[node] // 2,
            width=right - left,
            height=heights[node],
            package=graph.packages[node],
            name=name,
            version=version,
            small=small,
        )
        boxes.append(box)
    lines = tuple(_line(graph, place, layers, placed, labels[place]) for place in range(len(graph.edges)))
    return Boxes(boxes=tuple(boxes), lines=lines, width=placed.width, height=placed.height)


def _texts(package: GraphPackage) -> tuple[str, str, tuple[str, ...]]:
    """Return name, version and the smaller lines of a box."""
    declared = declaration(package)
    lines = [
        f"{package.manager} · {declared}" if declared else package.manager,
        f"{package.undrawn} more {'leads' if package.undrawn == 1 else 'lead'} here" if package.undrawn else "",
        "! " + " ".join(package.codes) if package.codes else "",
    ]
    return (
        shortened(visible(package.name), _MOST_NAME, NAME_PX, bold=True),
        shortened(visible(package.version), _MOST_VERSION, NAME_PX),
        tuple(shortened(line, _MOST_SMALL, SMALL_PX) for line in lines if line),
    )


def _width(texts: tuple[str, str, tuple[str, ...]]) -> int:
    name, version, small = texts
    first = text_width(f"{name} ", NAME_PX, bold=True) + text_width(version, NAME_PX)
    widest = max(first, *(text_width(line, SMALL_PX, bold=line.startswith("!")) for line in small))
    return max(widest + 2 * _PADDING, _SMALLEST_BOX)


def _label(graph: PackageGraph, edge: GraphEdge) -> str:
    """Return the constraint where it matters: on the way into a package that is in conflict."""
    matters = graph.packages[edge.target].codes and edge.kind == "needs"
    return shortened(visible(edge.constraint), _MOST_LABEL, SMALL_PX) if matters else ""


def _gaps(layers: Layers, labels: list[str]) -> list[int]:
    """Return how wide the gap behind each column is: the labels of the lines that end there have room in it."""
    column_of = {node: number for number, column in enumerate(layers.columns) for node in column}
    gaps = [_SMALLEST_GAP] * len(layers.columns)
    for route, label in zip(layers.routes, labels, strict=True):
        if label:
            behind = column_of[route[-1]] - 1
            gaps[behind] = max(gaps[behind], text_width(label, SMALL_PX) + _AROUND_LABEL)
    return gaps


def _line(graph: PackageGraph, place: int, layers: Layers, placed: Placed, label: str) -> Line:
    edge, route = graph.edges[place], layers.routes[place]
    points: list[tuple[int, int]] = []
    for node in route:
        left, right = placed.sides[node]
        middle = placed.middles[node]
        points += [(right, middle)] if node == route[0] else [(left, middle)]
        points += [(right, middle)] if node not in (route[0], route[-1]) else []
    both = graph.packages[edge.origin].codes and graph.packages[edge.target].codes
    return Line(
        points=tuple(points),
        turned=place in layers.turned,
        edge=edge,
        at_odds=bool(both) or edge.kind == "replaces",
        label=label,
    )

"""A graph of packages for Graphviz.

Every text is a quoted string: numbers are the names of nodes, and labels hold no HTML.

Source: graphviz.org "DOT Language" (ID, quoted strings) and "escString" (a backslash before some letters says more).
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.package_graphs import GraphEdge, GraphPackage, GraphReport, PackageGraph
from reprocheck.reports.graph_words import declaration, release, shown_title
from reprocheck.reports.visible import visible

NAME = "dot"

_HEAD = """\
  graph [rankdir=LR, labelloc=t, fontname="Helvetica", nodesep=0.15, ranksep=0.6]
  node [shape=box, style="filled", fontname="Helvetica", fontsize=11, margin="0.12,0.06"]
  edge [fontname="Helvetica", fontsize=9, color="#8b949e", arrowsize=0.7]"""
_FILLS = {"conda": "#eaf3fd", "pip": "#fdf3e4"}
_EDGES = {"conda": "#1f6fc5", "pip": "#a35a00"}
_AT_ODDS = "#cf222e"


def render(report: GraphReport) -> str:
    """Return a digraph for every graph of the report."""
    return "\n".join("\n".join(_digraph(graph, report)) + "\n" for graph in report.graphs)


def _digraph(graph: PackageGraph, report: GraphReport) -> Iterator[str]:
    yield f"digraph {_quoted(graph.platform)} {{"
    yield _HEAD
    yield f"  label={_quoted(shown_title(report))}"
    for number, package in enumerate(graph.packages):
        yield f"  n{number} [{_node(package)}]"
    for edge in graph.edges:
        yield f"  n{edge.origin} -> n{edge.target}{_edge(edge)}"
    yield "}"


def _node(package: GraphPackage) -> str:
    lines = (release(package), declaration(package), " ".join(package.codes))
    # A line break of a label is a backslash and an n, which stand outside of what `_escaped` makes harmless.
    label = r"\n".join(_escaped(line) for line in lines if line)
    color = _AT_ODDS if package.codes else _EDGES[package.manager]
    rounded = ', style="filled,rounded"' if package.manager == "pip" else ""
    thick = ", penwidth=2.5" if package.codes else ""
    return f'label="{label}", fillcolor="{_FILLS[package.manager]}", color="{color}"{rounded}{thick}'


def _edge(edge: GraphEdge) -> str:
    if edge.kind == "replaces":
        return f' [style=dashed, color="{_AT_ODDS}", label="replaces"]'
    return f" [label={_quoted(edge.constraint)}]" if edge.constraint else ""


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')

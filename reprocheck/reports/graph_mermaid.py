"""A graph of packages for Mermaid, as markdown on GitHub and GitLab draws it.

Numbers are the names of nodes; in texts everything but letters, digits and a few harmless signs is a character code.

Source: mermaid.js.org "Flowcharts", section "Special characters that break syntax" (entity codes in base 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.package_graphs import GraphEdge, GraphPackage, GraphReport, PackageGraph
from reprocheck.reports.graph_words import declaration, release, shown_title
from reprocheck.reports.visible import visible

NAME = "mermaid"

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 .,_+\-]", re.ASCII)
_CLASSES = """\
  classDef conda fill:#eaf3fd,stroke:#1f6fc5,color:#1f2328
  classDef pip fill:#fdf3e4,stroke:#a35a00,color:#1f2328
  classDef condaOdds fill:#eaf3fd,stroke:#cf222e,stroke-width:3px,color:#1f2328
  classDef pipOdds fill:#fdf3e4,stroke:#cf222e,stroke-width:3px,color:#1f2328"""


def render(report: GraphReport) -> str:
    """Return a flowchart for every graph of the report."""
    return "\n".join("\n".join(_flowchart(graph, report)) + "\n" for graph in report.graphs)


def _flowchart(graph: PackageGraph, report: GraphReport) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_NOT_PLAIN.sub(' ', shown_title(report))}"  # no place for codes
    for number, package in enumerate(graph.packages):
        yield f"  n{number}{_node(package)}"
    for edge in graph.edges:
        yield f"  n{edge.origin} {_arrow(edge)} n{edge.target}"
    yield _CLASSES


def _node(package: GraphPackage) -> str:
    lines = (release(package), declaration(package), " ".join(package.codes))
    label = "<br/>".join(_coded(line) for line in lines if line)
    odds = "Odds" if package.codes else ""
    shape = f'["{label}"]' if package.manager == "conda" else f'("{label}")'
    return f"{shape}:::{package.manager}{odds}"


def _arrow(edge: GraphEdge) -> str:
    if edge.kind == "replaces":
        return '-. "replaces" .->'
    return f'-- "{_coded(edge.constraint)}" -->' if edge.constraint else "-->"


def _coded(text: str) -> str:
    return _NOT_PLAIN.sub(lambda found: f"#{ord(found.group())};", visible(text))

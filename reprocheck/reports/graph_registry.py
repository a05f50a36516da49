"""Every format in which a graph can be drawn, in the order of `--help`."""

from __future__ import annotations

from typing import Final, Protocol

from reprocheck.model.package_graphs import GraphReport
from reprocheck.reports import graph_dot, graph_json, graph_mermaid, graph_svg


class GraphFormat(Protocol):
    """One module of the registry: its name on the command line, and its text."""

    NAME: str

    def render(self, report: GraphReport) -> str:
        """Return the whole drawing, ending in a newline."""
        ...


GRAPH_FORMATS: Final[tuple[GraphFormat, ...]] = (graph_dot, graph_mermaid, graph_svg, graph_json)


def graph_format(name: str) -> GraphFormat:
    """Return the format of this name, which must be one of the registry's."""
    return next(module for module in GRAPH_FORMATS if name == module.NAME)

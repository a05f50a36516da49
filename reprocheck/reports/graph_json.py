"""A graph of packages for programs: the document `reprocheck/graph/1`."""

from __future__ import annotations

from reprocheck.model.json_documents import Json
from reprocheck.model.package_graphs import GraphPackage, GraphReport, PackageGraph
from reprocheck.reports.json_text import inert_document

NAME = "json"


def render(report: GraphReport) -> str:
    """Return the document; `id` is manager and name, and `edges` speak of these."""
    return inert_document(
        {
            "schema": "reprocheck/graph/1",
            "lock": report.lock,
            "title": report.title,
            "graphs": [_graph(graph) for graph in report.graphs],
            "findings": [
                {"code": found.code, "severity": found.severity.value, "message": found.message}
                for found in report.findings
            ],
        }
    )


def _graph(graph: PackageGraph) -> Json:
    ids = [f"{package.manager}:{package.name}" for package in graph.packages]
    return {
        "platform": graph.platform,
        "nodes": [_node(package, number) for number, package in zip(ids, graph.packages, strict=True)],
        "edges": [
            {"from": ids[edge.origin], "to": ids[edge.target], "constraint": edge.constraint, "kind": edge.kind}
            for edge in graph.edges
        ],
    }


def _node(package: GraphPackage, identity: str) -> Json:
    return {
        "id": identity,
        "manager": package.manager,
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "declared": package.wanted,
        "replaces": package.replaces or None,
        "replaced_by": package.replaced_by or None,
        "findings": list(package.codes),
    }

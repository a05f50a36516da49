"""The tree of a lock for programs: the document `reprocheck/tree/1`, a flat list of rows with their depth.

Flat, since a lock may hold a chain of any length, and few JSON readers a nesting of any depth.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.json_documents import Json
from reprocheck.model.package_graphs import PackageTree, TreeRow
from reprocheck.reports.json_text import inert_document


def render_tree_json(trees: Sequence[PackageTree]) -> str:
    """Return the document."""
    return inert_document({"schema": "reprocheck/tree/1", "trees": [_tree(tree) for tree in trees]})


def _tree(tree: PackageTree) -> Json:
    return {
        "platform": tree.platform,
        "title": tree.title,
        "declared_in": tree.declared_in,
        "inverted": tree.inverted,
        "unreached": tree.unreached,
        "rows": [_row(row) for row in tree.rows],
    }


def _row(row: TreeRow) -> Json:
    package = row.package
    return {
        "depth": row.depth,
        "manager": package.manager,
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "declared": package.wanted,
        "constraint": row.constraint,
        "repeated": row.repeated,
        "replaces": package.replaces or None,
        "replaced_by": package.replaced_by or None,
    }

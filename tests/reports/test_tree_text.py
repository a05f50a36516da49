"""The tree of a lock as text and as a document."""

from __future__ import annotations

import json

from reprocheck.model.package_graphs import GraphPackage, PackageTree, TreeRow
from reprocheck.reports.tree_json import render_tree_json
from reprocheck.reports.tree_text import render_tree


def package(name: str, manager: str = "conda", **more: str | None) -> GraphPackage:
    return GraphPackage(manager=manager, name=name, version="1.0", build=None, **more)  # type: ignore[arg-type]


def row(
    depth: int, what: GraphPackage, constraint: str | None = None, *, last: bool = True, repeated: bool = False
) -> TreeRow:
    return TreeRow(depth=depth, is_last=last, package=what, constraint=constraint, repeated=repeated)


def tree(platform: str, *rows: TreeRow, inverted: bool = False, unreached: int = 0) -> PackageTree:
    return PackageTree(
        platform=platform,
        title="environment.yml",
        declared_in="environment.yml",
        inverted=inverted,
        rows=rows,
        unreached=unreached,
    )


UPRIGHT = (
    row(0, package("scipy", wanted="=1.0")),
    row(1, package("numpy", replaced_by="numpy 2.0"), ">=1,<3", last=False),
    row(2, package("blas"), ""),
    row(1, package("blas"), ">=3"),
    row(0, package("numpy", "pip", wanted="", replaces="numpy 1.0"), repeated=True),
)


def test_a_line_tells_constraint_version_manager_and_what_is_replaced() -> None:
    assert render_tree([tree("linux-64", *UPRIGHT)]) == (
        "environment.yml on linux-64\n"
        "scipy =1.0 → 1.0 (conda)\n"
        "├─ numpy >=1,<3 → 1.0 (conda), replaced by pip's numpy 2.0\n"
        "│  └─ blas 1.0 (conda)\n"
        "└─ blas >=3 → 1.0 (conda)\n"
        "numpy 1.0 (pip), replaces conda's numpy 1.0 (*)\n"
        "\n"
        "(*) what it needs is shown further up\n"
    )


def test_an_inverted_line_tells_what_is_asked_of_the_one_above() -> None:
    rows = (
        row(0, package("blas")),
        row(1, package("numpy", wanted=">=1"), ">=3", last=False),
        row(2, package("scipy", wanted=""), "", repeated=True),
        row(1, package("timm", "pip"), ""),
    )
    assert render_tree([tree("linux-64", *rows, inverted=True)]) == (
        "environment.yml on linux-64\n"
        "blas 1.0 (conda)\n"
        "├─ numpy 1.0 (conda), needs >=3, declared as >=1\n"
        "│  └─ scipy 1.0 (conda), declared (*)\n"
        "└─ timm 1.0 (pip)\n"
        "\n"
        "(*) who needs it is shown further up\n"
    )


def test_platforms_with_the_same_tree_are_told_together_and_the_others_apart() -> None:
    same, other = row(0, package("a")), row(0, package("b"))
    trees = [tree("linux-64", same), tree("osx-64", other), tree("win-64", same)]
    assert (
        render_tree(trees)
        == "environment.yml on linux-64, win-64\na 1.0 (conda)\n\nenvironment.yml on osx-64\nb 1.0 (conda)\n"
    )


def test_what_nothing_declared_leads_to_is_counted() -> None:
    assert render_tree([tree("linux-64", unreached=1)]) == (
        "environment.yml on linux-64\n1 locked package is not shown: nothing declared leads there\n"
    )
    assert "2 locked packages are not shown" in render_tree([tree("linux-64", unreached=2)])


def test_hostile_names_are_inert() -> None:
    hostile = package("x\x1b[2J\u202e", wanted="\r\n>=1", replaces="\x07")
    text = render_tree([tree("linux\x1b", row(0, hostile), row(1, hostile, "\r\n"), inverted=True)])
    assert set(text) & set("\x1b\r\u202e\x07") == set()


def test_the_document_is_a_list_of_rows() -> None:
    document = json.loads(render_tree_json([tree("linux-64", *UPRIGHT, unreached=3)]))
    assert document["schema"] == "reprocheck/tree/1"
    [only] = document["trees"]
    assert {key: only[key] for key in only if key != "rows"} == {
        "declared_in": "environment.yml",
        "inverted": False,
        "platform": "linux-64",
        "title": "environment.yml",
        "unreached": 3,
    }
    assert only["rows"][1] == {
        "build": None,
        "constraint": ">=1,<3",
        "declared": None,
        "depth": 1,
        "manager": "conda",
        "name": "numpy",
        "repeated": False,
        "replaced_by": "numpy 2.0",
        "replaces": None,
        "version": "1.0",
    }

"""The packages of one platform as people look at them: a graph to draw, and a tree to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reprocheck.model.findings import Finding
from reprocheck.model.locks import Manager

EdgeKind = Literal["needs", "replaces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPackage:
    """One locked package.

    `wanted` is the constraint with which it was declared, as it was written, and None where nobody declared it.
    `replaces` and `replaced_by` name the package of the other manager that brings the same project. `codes` are the
    findings about it, and `undrawn` counts the declared packages that lead to it and are left out of the picture.
    """

    manager: Manager
    name: str
    version: str
    build: str | None
    wanted: str | None = None
    replaces: str = ""
    replaced_by: str = ""
    codes: tuple[str, ...] = ()
    undrawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """One requirement, or one replacement; `origin` and `target` are places in `PackageGraph.packages`."""

    origin: int
    target: int
    constraint: str
    kind: EdgeKind = "needs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageGraph:
    """What to draw of one platform. `undrawn` counts the packages that should be there and found no room."""

    platform: str
    packages: tuple[GraphPackage, ...]
    edges: tuple[GraphEdge, ...]
    undrawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphReport:
    """Graphs of one lock, and what they show: a title, and the findings that marked packages are about."""

    lock: str
    title: str
    graphs: tuple[PackageGraph, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One line of a tree, `depth` 0 at the roots; `is_last` where no sibling follows.

    `constraint` is what the package above asks for; in an inverted tree what this one asks of the one above. At a root
    it is None, for what was declared stands in the package. `repeated` says that what follows is told further up.
    """

    depth: int
    is_last: bool
    package: GraphPackage
    constraint: str | None
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTree:
    """The rows of one platform. `title` says what the roots are, `declared_in` the files that could declare something.

    `unreached` counts the locked packages that are missing since nothing that was declared leads to them.
    """

    platform: str
    title: str
    declared_in: str | None
    inverted: bool
    rows: tuple[TreeRow, ...]
    unreached: int = 0

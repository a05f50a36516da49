"""What a drawing says of each package: what was declared, and which package of the other manager it replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from reprocheck.graph.links import Links, Names, Node
from reprocheck.model.package_graphs import GraphPackage
from reprocheck.model.redaction import public_line

Describe: TypeAlias = Callable[[Node], GraphPackage]


def describer(
    links: Links,
    replaced_by_pip: tuple[tuple[Node, Node], ...],
    codes: Mapping[Node, tuple[str, ...]] | None = None,
    *,
    declared: bool,
) -> Describe:
    """Return a function that describes a node.

    `replaced_by_pip` are the pairs of `replacements`, `codes` those of the findings about a package; `declared` says
    that the roots are what somebody declared.
    """
    wanted = _wanted(links) if declared else {}
    replaced = dict(replaced_by_pip)
    marked = codes or {}
    replaced_by = {conda: pip for pip, conda in reversed(replaced_by_pip)}

    def described(node: Node) -> GraphPackage:
        package = links.packages[node]
        return GraphPackage(
            manager=package.manager,
            name=package.name,
            version=package.version,
            build=package.build,
            wanted=wanted.get(node),
            replaces=_release(links, replaced.get(node)),
            replaced_by=_release(links, replaced_by.get(node)),
            codes=marked.get(node, ()),
        )

    return described


def replacements(links: Links, names: Names) -> tuple[tuple[Node, Node], ...]:
    """Return each pip package with the conda package whose project it brings as well: pip writes over it."""
    installed: dict[str, Node] = {}
    # Names such as `pytorch-cpu` only choose a build of another package, which is the one that pip writes over.
    for node in sorted(links.packages, key=lambda node: node.name.endswith(("-cpu", "-gpu"))):
        if node.manager == "conda":
            for project in names.pypi_names(node.name):
                installed.setdefault(project, node)
    pip = (node for node in links.packages if node.manager == "pip")
    return tuple((node, installed[node.name]) for node in pip if node.name in installed)


def _wanted(links: Links) -> Mapping[Node, str]:
    """Return the constraints of the declared packages; those of several lines for one package are told together."""
    told: dict[Node, list[str]] = {}
    for root in links.roots:
        told.setdefault(root.target, []).append(public_line(root.constraint))
    return {node: " and ".join(dict.fromkeys(filter(None, texts))) for node, texts in told.items()}


def _release(links: Links, node: Node | None) -> str:
    return f"{links.packages[node].name} {links.packages[node].version}" if node else ""

"""`why`: the paths from what the user declared to one package of the lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.facts.name_map import NameMap
from reprocheck.graph.dependency_graph import Graph, graph_of, paths_to
from reprocheck.graph.links import Link, Node
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage
from reprocheck.reports.why_text import Answer, Step
from reprocheck.workflows.locked_links import LockChoice, OpenedLock, find_nodes, open_lock, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRequest:
    """Which package, in which lock."""

    name: str
    choice: LockChoice


def explain_package(request: WhyRequest) -> tuple[Answer, ...]:
    """Return the paths to a package, for each platform and manager that has it.

    Raises:
        InputError: the lock is missing or broken, or holds no such package or platform.
    """
    opened = open_lock(request.choice)
    answers = [answer for platform in opened.platforms for answer in _answers(request.name, opened, platform)]
    if not answers:
        raise unknown_name(request.name, opened, request.choice.platform)
    return tuple(answers)


def _answers(name: str, opened: OpenedLock, platform: str) -> Iterator[Answer]:
    links = opened.links(platform)
    graph = graph_of(links)
    for node in find_nodes(links, name, opened.names):
        yield Answer(
            package=links.packages[node],
            paths=tuple(_steps(graph, path, opened) for path in paths_to(graph, node)),
            declared_in=opened.declared_in,
        )


def _steps(graph: Graph, path: tuple[Link, ...], opened: OpenedLock) -> tuple[Step, ...]:
    first, *others = path
    place = _place_of(first.target, opened.environment, opened.names) if opened.environment else None
    begin = Step(package=_package(graph, first.target), constraint=first.constraint, declared_in=place)
    return (begin, *(Step(package=_package(graph, link.target), constraint=link.constraint) for link in others))


def _place_of(node: Node, environment: EnvironmentFile, names: NameMap) -> str:
    """Return the file that declares a package, by its own name or by the project that it brings."""
    conda = (spec.location for spec in environment.conda if node.manager == "conda" and spec.name == node.name)
    brought = {node.name, *(names.pypi_names(node.name) if node.manager == "conda" else ())}
    pip = (requirement.location for requirement in environment.pip if requirement.name in brought)
    return next((place.path for place in (*conda, *pip)), environment.path)


def _package(graph: Graph, node: Node) -> LockedPackage:
    package: LockedPackage = graph.nodes[node]["package"]
    return package

"""`why`: the paths from what the user declared to one package of the lock."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError
from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.graph.dependency_graph import Graph, build_graph, nodes_named, paths_to
from reprocheck.graph.links import Link, Node
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS
from reprocheck.readers.lock_names import PIXI_LOCK
from reprocheck.readers.locks import read_any_lock
from reprocheck.reports.why_text import Answer, Step
from reprocheck.workflows.lock_origin import first_source, merged_sources, read_source

_SIMILAR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRequest:
    """Which package, in which lock.

    `environment` None means what the lock was made from, else the environment file beside it, else that what nothing
    else needs counts as declared.
    """

    name: str
    lock: Path
    environment: Path | None
    platform: str | None = None


def explain_package(request: WhyRequest) -> tuple[Answer, ...]:
    """Return the paths to a package, for each platform and manager that has it.

    Raises:
        InputError: the lock is missing or broken, or holds no such package or platform.
    """
    lock = read_any_lock(request.lock)
    environment = _declared(request, lock)
    answers = [
        answer
        for platform in _platforms(request, lock)
        for answer in _answers(request.name, lock, environment, platform)
    ]
    if not answers:
        raise _unknown(request, lock)
    return tuple(answers)


def _declared(request: WhyRequest, lock: Lock) -> EnvironmentFile | None:
    """Return all that the lock was made from as one, None where that is not there or cannot be read."""
    if request.environment is not None:
        return merged_sources(read_source(request.environment), lock)[0]
    source = first_source(lock) or _beside(request.lock)
    with contextlib.suppress(ReprocheckError):
        return merged_sources(read_source(source), lock)[0] if source else None
    return None


def _beside(lock: Path) -> Path | None:
    """Return the environment file beside a lock; a pixi.lock is made from other files."""
    paths = () if lock.name == PIXI_LOCK else tuple(lock.with_name(name) for name in DEFAULT_ENVIRONMENTS)
    return next((path for path in paths if path.is_file()), None)


def _answers(name: str, lock: Lock, environment: EnvironmentFile | None, platform: str) -> Iterator[Answer]:
    names = load_name_map()
    graph = build_graph(lock, environment, platform, names)
    wanted = nodes_named(graph, name)
    # `torch` finds conda's `pytorch` too: the user asks for the project, whoever installs it.
    renamed = tuple(node for other in names.conda_names(name) for node in nodes_named(graph, other))
    for node in dict.fromkeys((*wanted, *renamed)):
        yield Answer(
            package=_package(graph, node),
            paths=tuple(_steps(graph, path, environment, names) for path in paths_to(graph, node)),
            declared_in=", ".join(environment.sources or (environment.path,)) if environment else None,
        )


def _steps(
    graph: Graph, path: tuple[Link, ...], environment: EnvironmentFile | None, names: NameMap
) -> tuple[Step, ...]:
    first, *others = path
    place = _place_of(first.target, environment, names) if environment else None
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


def _platforms(request: WhyRequest, lock: Lock) -> tuple[str, ...]:
    if request.platform is None:
        return lock.platforms
    if request.platform in lock.platforms:
        return (request.platform,)
    raise InputError(
        f"the lock has no platform `{request.platform}`",
        where=lock.path,
        why=f"it holds {', '.join(f'`{platform}`' for platform in lock.platforms)}",
        how="name one of them with `--platform`",
    )


def _unknown(request: WhyRequest, lock: Lock) -> InputError:
    known = sorted({package.name for package in lock.packages})
    close = difflib.get_close_matches(request.name.lower(), known, n=_SIMILAR)
    similar = " or ".join(f"`{name}`" for name in close)
    where = f" on {request.platform}" if request.platform else ""
    return InputError(
        f"no package `{request.name}` is locked{where}",
        where=lock.path,
        why=f"the lock holds {len(known)} other names",
        how=f"did you mean {similar}?" if similar else "look for the name in the lock file",
    )

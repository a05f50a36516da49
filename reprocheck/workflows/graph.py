"""`graph`: the packages of a lock to draw, all of them or the paths to what is in conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprocheck.graph.described import describer, replacements
from reprocheck.graph.links import Links, Node
from reprocheck.graph.views import Canvas, paths_view, whole_graph
from reprocheck.model.package_graphs import GraphReport, PackageGraph
from reprocheck.workflows.locked_conflicts import Conflicts, conflicts_in
from reprocheck.workflows.locked_links import LockChoice, OpenedLock, find_nodes, open_lock, unknown_name

_CUDA = ("pytorch", "torch", "libtorch", "tensorflow", "jaxlib", "cuda-version", "cudatoolkit", "cudnn", "nccl")
_USUAL_PLATFORM = "linux-64"
_MOST_OF_MERMAID = 100  # packages; with more its own layout gives up, and so does who reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """What to draw: the paths to `names`, else what the format draws. `everything` keeps mermaid from leaving out."""

    choice: LockChoice
    format_name: str
    names: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The report, and what is to be said of it: each note a sentence without a final stop."""

    report: GraphReport
    notes: tuple[str, ...] = ()


def draw_graph(request: GraphRequest) -> Drawn:
    """Return what to draw.

    Raises:
        InputError: the lock is missing or broken, or holds no such package or platform.
    """
    opened = open_lock(request.choice)
    conflicts = conflicts_in(opened)
    if request.format_name == "json" and not request.names:
        graphs = tuple(whole_graph(_canvas(opened, conflicts, platform)) for platform in opened.platforms)
        title = f"all packages on {', '.join(opened.platforms)}"
        return Drawn(report=GraphReport(lock=opened.lock.path, title=title, graphs=graphs, findings=conflicts.findings))
    platform = _platform(request, opened, conflicts)
    canvas = _canvas(opened, conflicts, platform)
    graph, title, notes = _view(request, opened, conflicts, canvas)
    others = [name for name in opened.platforms if name != platform]
    chosen = (f"drawn for {platform}; `--platform` takes {' or '.join(others)}",) if others else ()
    drawn_codes = {code for package in graph.packages for code in package.codes}
    report = GraphReport(
        lock=opened.lock.path,
        title=f"{title} on {platform}",
        graphs=(graph,),
        findings=tuple(found for found in conflicts.on(platform) if found.code in drawn_codes),
    )
    return Drawn(report=report, notes=(*chosen, *notes))


def _canvas(opened: OpenedLock, conflicts: Conflicts, platform: str) -> Canvas:
    links = opened.links(platform)
    replaced = replacements(links, opened.names)
    described = describer(links, replaced, conflicts.codes(links), declared=opened.environment is not None)
    return Canvas(links=links, describe=described, replaced=replaced)


def _platform(request: GraphRequest, opened: OpenedLock, conflicts: Conflicts) -> str:
    """Return the platform to draw: of those where something is in conflict, or that have NAME, the usual or first."""
    platforms = opened.platforms
    if request.names:
        wanted = [one for one in platforms if any(_named(request.names, opened, opened.links(one)))]
    else:
        wanted = [one for one in platforms if conflicts.on(one)]
    among = wanted or list(platforms)
    return _USUAL_PLATFORM if _USUAL_PLATFORM in among else among[0]


def _named(names: Sequence[str], opened: OpenedLock, links: Links) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(node for name in names for node in find_nodes(links, name, opened.names)))


def _view(
    request: GraphRequest, opened: OpenedLock, conflicts: Conflicts, canvas: Canvas
) -> tuple[PackageGraph, str, tuple[str, ...]]:
    """Return the graph, its title, and notes."""
    links = canvas.links
    if request.names:
        for name in request.names:
            if not find_nodes(links, name, opened.names):
                raise unknown_name(name, opened, links.platform)
        named = _named(request.names, opened, links)
        return paths_view(canvas, named), f"the paths to {', '.join(request.names)}", ()
    too_many = request.format_name == "mermaid" and len(links.packages) > _MOST_OF_MERMAID
    if request.format_name != "svg" and (request.everything or not too_many):
        return whole_graph(canvas), "all packages", ()
    codes = conflicts.codes(links)
    targets, title = _targets(opened, codes, links)
    graph = paths_view(canvas, targets)
    notes = []
    if too_many:
        notes.append(f"{len(links.packages)} packages are too many for mermaid, drawn: {title}; `--all` draws them all")
    elif not codes:
        notes.append(f"nothing is in conflict on {links.platform}, drawn: {title}")
    if graph.undrawn:
        notes.append(f"{graph.undrawn} more found no room in the picture")
    return graph, title, tuple(notes)


def _targets(opened: OpenedLock, codes: Mapping[Node, tuple[str, ...]], links: Links) -> tuple[tuple[Node, ...], str]:
    """Return the packages to draw the paths to: those in conflict, else torch and CUDA, else what was declared."""
    if codes:
        return tuple(codes), "the paths to what is in conflict"
    cuda = _named(_CUDA, opened, links)
    if cuda:
        return cuda, "the paths to torch and CUDA"
    return tuple(dict.fromkeys(root.target for root in links.roots)), "what was declared"

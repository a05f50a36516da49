"""What is drawn of a graph: all of it, or the paths to some packages."""

from __future__ import annotations

from collections.abc import Callable

from reprocheck.facts.name_map import load_name_map
from reprocheck.graph.described import describer, replacements
from reprocheck.graph.links import Node, link_packages
from reprocheck.graph.views import MOST_DRAWN, Canvas, paths_view, whole_graph
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.model.package_graphs import PackageGraph

MakeLock = Callable[[str], Lock]
MakeEnvironment = Callable[[str], EnvironmentFile]

LOCK = """
- conda linux-64 pytorch 2.6.0, needs numpy >=1.23, numpy <3
- conda linux-64 scipy 1.15, needs numpy >=1.19
- conda linux-64 pandas 2.2, needs numpy
- conda linux-64 arviz 0.2, needs numpy
- conda linux-64 numpy 2.2.4, needs libblas >=3.9
- conda linux-64 libblas 3.9.0
- pip linux-64 numpy 1.26.4
- conda linux-64 alone 1
"""


def canvas(lock: Lock, environment: EnvironmentFile | None = None) -> Canvas:
    names = load_name_map()
    links = link_packages(lock, environment, "linux-64", names)
    replaced = replacements(links, names)
    describe = describer(links, replaced, declared=environment is not None)
    return Canvas(links=links, describe=describe, replaced=replaced)


def arrows(graph: PackageGraph) -> list[str]:
    names = [f"{package.name}/{package.manager}" for package in graph.packages]
    return [f"{names[edge.origin]} {edge.kind} {names[edge.target]} {edge.constraint}" for edge in graph.edges]


def test_the_whole_graph_has_every_package_and_the_first_of_two_requirements(make_lock: MakeLock) -> None:
    graph = whole_graph(canvas(make_lock(LOCK)))
    assert len(graph.packages) == 8
    assert arrows(graph) == [
        "pytorch/conda needs numpy/conda >=1.23",
        "scipy/conda needs numpy/conda >=1.19",
        "pandas/conda needs numpy/conda ",
        "arviz/conda needs numpy/conda ",
        "numpy/conda needs libblas/conda >=3.9",
        "numpy/pip replaces numpy/conda ",
    ]


def test_a_view_holds_the_targets_and_three_paths_to_each(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    environment = make_environment("dependencies: [pytorch, scipy, pandas, arviz]")
    graph = paths_view(canvas(make_lock(LOCK), environment), [Node("conda", "numpy"), Node("conda", "alone")])
    assert [package.name for package in graph.packages] == ["pytorch", "scipy", "pandas", "numpy", "alone"]
    assert len(graph.edges) == 3
    numpy = graph.packages[3]
    assert (numpy.undrawn, numpy.wanted, graph.packages[0].wanted, graph.undrawn) == (1, None, "", 0)


def test_a_view_shows_a_replacement_between_what_is_drawn(make_lock: MakeLock) -> None:
    graph = paths_view(canvas(make_lock(LOCK)), [Node("pip", "numpy"), Node("conda", "numpy")])
    assert arrows(graph)[-1] == "numpy/pip replaces numpy/conda "


def test_a_view_shows_what_targets_want_of_each_other(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    environment = make_environment("dependencies: [pytorch, numpy]")
    drawing = canvas(make_lock(LOCK), environment)
    graph = paths_view(drawing, [Node("conda", "pytorch"), Node("conda", "numpy"), Node("conda", "libblas")])
    assert arrows(graph) == ["pytorch/conda needs numpy/conda >=1.23", "numpy/conda needs libblas/conda >=3.9"]


def test_a_view_never_grows_beyond_what_can_be_read(make_lock: MakeLock) -> None:
    targets = [f"- conda linux-64 t{number} 1" for number in range(30)]
    roots = [f"- conda linux-64 r{number} 1, needs t{number}" for number in range(30)]
    drawing = canvas(make_lock("\n".join([*roots, *targets])))
    graph = paths_view(drawing, [Node("conda", f"t{number}") for number in range(30)])
    assert len(graph.packages) == MOST_DRAWN
    assert sum(package.undrawn for package in graph.packages) == 20
    assert paths_view(drawing, list(drawing.links.packages)).undrawn == 20

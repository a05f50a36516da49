"""Who needs whom on one platform, conda and pip together."""

from __future__ import annotations

from collections.abc import Callable

from reprocheck.facts.name_map import load_name_map
from reprocheck.graph.dependency_graph import ROOT, graph_of, paths_to
from reprocheck.graph.links import Link, Links, Node, link_packages, nodes_named, path_in, spanning_tree
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock

MakeLock = Callable[[str], Lock]
MakeEnvironment = Callable[[str], EnvironmentFile]

LOCK = """
- conda linux-64 pytorch 2.6.0, needs numpy >=1.23, __cuda >=12, libtorch 2.6.0
- conda linux-64 numpy 2.2.4, needs libblas >=3.9
- conda linux-64 libtorch 2.6.0, needs libblas >=3.9
- conda linux-64 libblas 3.9.0
- pip linux-64 Einops.Extra 0.8.1, needs torch >=2, filelock, absent >=1
- pip linux-64 filelock 3.17.0
- conda osx-arm64 numpy 2.2.4
"""
ENVIRONMENT = """
dependencies:
  - pytorch=2.6
  - pip:
      - einops-extra[all]>=0.8
"""


def made(lock: Lock, environment: EnvironmentFile | None) -> Links:
    return link_packages(lock, environment, "linux-64", load_name_map())


def targets(links: tuple[Link, ...]) -> list[tuple[str, str, str]]:
    return [(link.target.manager, link.target.name, link.constraint) for link in links]


def test_virtual_packages_and_other_platforms_are_left_out(make_lock: MakeLock) -> None:
    links = made(make_lock(LOCK), None)
    assert len(links.packages) == 6
    assert targets(links.needs[Node("conda", "pytorch")]) == [
        ("conda", "numpy", ">=1.23"),
        ("conda", "libtorch", "2.6.0"),
    ]


def test_a_pip_package_needs_the_conda_package_that_installs_the_project(make_lock: MakeLock) -> None:
    links = made(make_lock(LOCK), None)
    assert targets(links.needs[Node("pip", "einops-extra")]) == [
        ("conda", "pytorch", ">=2"),
        ("pip", "filelock", ""),
    ]


def test_a_pip_package_goes_before_the_conda_package_of_the_same_project(make_lock: MakeLock) -> None:
    links = made(make_lock(LOCK + "- pip linux-64 torch 2.6.0\n"), None)
    assert links.needs[Node("pip", "einops-extra")][0].target == Node("pip", "torch")


def test_roots_are_what_was_declared(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    links = made(make_lock(LOCK), make_environment(ENVIRONMENT))
    assert targets(links.roots) == [("conda", "pytorch", "=2.6"), ("pip", "einops-extra", ">=0.8")]


def test_what_is_declared_and_not_locked_is_no_root(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    links = made(make_lock(LOCK), make_environment("dependencies: [absent, numpy]"))
    assert targets(links.roots) == [("conda", "numpy", "")]


def test_without_an_environment_roots_are_what_nothing_needs(make_lock: MakeLock) -> None:
    assert targets(made(make_lock(LOCK), None).roots) == [("pip", "einops-extra", "")]


def test_the_shortest_path_is_found(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    links = made(make_lock(LOCK), make_environment(ENVIRONMENT))
    path = path_in(spanning_tree(links, links.roots), Node("conda", "libblas"))
    assert targets(path) == [("conda", "pytorch", "=2.6"), ("conda", "numpy", ">=1.23"), ("conda", "libblas", ">=3.9")]


def test_there_is_no_path_to_what_nothing_declared_needs(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    environment = make_environment("dependencies: [numpy]")
    links = made(make_lock(LOCK), environment)
    assert path_in(spanning_tree(links, links.roots), Node("pip", "filelock")) == ()


def test_a_circle_ends(make_lock: MakeLock) -> None:
    lock = make_lock("- conda linux-64 pip 25.0, needs setuptools\n- conda linux-64 setuptools 75.0, needs pip")
    assert made(lock, None).roots == ()
    environment_less = made(lock, None)
    start = (Link(target=Node("conda", "pip"), constraint=""),)
    assert len(path_in(spanning_tree(environment_less, start), Node("conda", "setuptools"))) == 2


def test_the_graph_holds_the_links_below_one_root(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    graph = graph_of(made(make_lock(LOCK), make_environment(ENVIRONMENT)))
    assert graph.number_of_nodes() == 7
    assert graph.edges[ROOT, Node("conda", "pytorch")]["constraint"] == "=2.6"
    assert graph.nodes[Node("conda", "numpy")]["package"].version == "2.2.4"


def test_each_declared_package_tells_its_own_path(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    graph = graph_of(made(make_lock(LOCK), make_environment(ENVIRONMENT)))
    paths = paths_to(graph, Node("conda", "pytorch"))
    assert [targets(path) for path in paths] == [
        [("conda", "pytorch", "=2.6")],
        [("pip", "einops-extra", ">=0.8"), ("conda", "pytorch", ">=2")],
    ]


def test_a_path_through_another_declared_package_is_left_out(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    graph = graph_of(made(make_lock(LOCK), make_environment(ENVIRONMENT)))
    assert [targets(path)[0][1] for path in paths_to(graph, Node("conda", "libblas"))] == ["pytorch"]


def test_nodes_are_found_by_any_spelling(make_lock: MakeLock) -> None:
    links = made(make_lock(LOCK), None)
    assert nodes_named(links, "einops_extra") == (Node("pip", "einops-extra"),)
    assert nodes_named(links, "nothing") == ()


def test_of_two_links_between_the_same_packages_the_first_stays(make_lock: MakeLock) -> None:
    lock = make_lock("- conda linux-64 a 1, needs b >=1, b <2\n- conda linux-64 b 1")
    graph = graph_of(made(lock, None))
    assert graph.edges[Node("conda", "a"), Node("conda", "b")]["constraint"] == ">=1"

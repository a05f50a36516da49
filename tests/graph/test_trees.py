"""Trees of a lock: each package followed once, to any depth, downwards and upwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reprocheck.facts.name_map import load_name_map
from reprocheck.graph.described import describer, replacements
from reprocheck.graph.links import Links, Node, link_packages, spanning_tree
from reprocheck.graph.trees import leaves, tree_rows, users
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.model.package_graphs import TreeRow

MakeLock = Callable[[str], Lock]
MakeEnvironment = Callable[[str], EnvironmentFile]

LOCK = """
- conda linux-64 pytorch 2.6.0, needs numpy >=1.23, libtorch 2.6.0
- conda linux-64 libtorch 2.6.0, needs numpy, libblas >=3.9
- conda linux-64 numpy 2.2.4, needs libblas >=3.9
- conda linux-64 libblas 3.9.0
- conda linux-64 lonely 1
"""
ENVIRONMENT = "dependencies: [pytorch=2.6, numpy]"


def linked(lock: Lock, environment: EnvironmentFile | None) -> Links:
    return link_packages(lock, environment, "linux-64", load_name_map())


def rows(
    links: Links, *, inverted: bool = False, roots: Sequence[Node] = (), depth: int | None = None
) -> list[TreeRow]:
    describe = describer(links, replacements(links, load_name_map()), declared=True)
    below = users(links) if inverted else links.needs
    return list(tree_rows(roots or [root.target for root in links.roots], below, describe, depth))


def shown(found: list[TreeRow]) -> list[str]:
    return [f"{'  ' * row.depth}{row.package.name}{' (*)' if row.repeated else ''}" for row in found]


def test_a_package_is_followed_where_it_first_comes_up(make_lock: MakeLock, make_environment: MakeEnvironment) -> None:
    found = rows(linked(make_lock(LOCK), make_environment(ENVIRONMENT)))
    assert shown(found) == [
        "pytorch",
        "  numpy",
        "    libblas",
        "  libtorch",
        "    numpy (*)",
        "    libblas",
        "numpy (*)",
    ]
    assert [row.is_last for row in found] == [True, False, True, True, False, True, True]
    assert [row.constraint for row in found] == [None, ">=1.23", ">=3.9", "2.6.0", "", ">=3.9", None]
    assert [row.package.wanted for row in found[:3]] == ["=2.6", "", None]


def test_a_depth_cuts_off_and_what_has_more_room_is_followed_again(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    links = linked(make_lock(LOCK), make_environment(ENVIRONMENT))
    assert shown(rows(links, depth=0)) == ["pytorch", "numpy"]
    assert shown(rows(links, depth=1)) == ["pytorch", "  numpy", "  libtorch", "numpy", "  libblas"]


def test_upwards_tells_who_needs_a_package_and_in_which_versions(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    links = linked(make_lock(LOCK), make_environment(ENVIRONMENT))
    found = rows(links, inverted=True, roots=[Node("conda", "libblas")])
    assert shown(found) == ["libblas", "  libtorch", "    pytorch", "  numpy", "    pytorch", "    libtorch (*)"]
    assert [row.constraint for row in found] == [None, ">=3.9", "2.6.0", ">=3.9", ">=1.23", ""]


def test_of_two_requirements_on_one_package_the_first_is_told_upwards(make_lock: MakeLock) -> None:
    links = linked(make_lock("- conda linux-64 a 1, needs b >=1, b <2\n- conda linux-64 b 1"), None)
    found = rows(links, inverted=True, roots=[Node("conda", "b")])
    assert [(row.package.name, row.constraint) for row in found] == [("b", None), ("a", ">=1")]


def test_a_circle_and_a_very_long_chain_end(make_lock: MakeLock) -> None:
    links = linked(make_lock("- conda linux-64 a 1, needs b\n- conda linux-64 b 1, needs a"), None)
    assert shown(rows(links, roots=[Node("conda", "a")])) == ["a", "  b", "    a (*)"]
    count = 3000
    chain = [f"- conda linux-64 p{number} 1, needs p{number + 1}" for number in range(count)]
    long = linked(make_lock("\n".join([*chain, f"- conda linux-64 p{count} 1"])), None)
    assert rows(long)[-1].depth == count


def test_leaves_need_nothing_and_the_reached_have_a_root(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    links = linked(make_lock(LOCK), make_environment(ENVIRONMENT))
    assert [node.name for node in leaves(links)] == ["libblas", "lonely"]
    assert {node.name for node in spanning_tree(links, links.roots)} == {"pytorch", "libtorch", "numpy", "libblas"}


def test_a_pip_package_that_replaces_one_of_conda_says_so_on_both_sides(make_lock: MakeLock) -> None:
    lock = make_lock("- conda linux-64 pytorch 2.6.0\n- pip linux-64 Torch 2.4.1\n- pip linux-64 einops 0.8")
    links = linked(lock, None)
    describe = describer(
        links, replacements(links, load_name_map()), {Node("pip", "torch"): ("RC302",)}, declared=False
    )
    conda, pip, other = (describe(node) for node in links.packages)
    assert (conda.replaced_by, conda.replaces, conda.codes) == ("Torch 2.4.1", "", ())
    assert (pip.replaced_by, pip.replaces, pip.codes) == ("", "pytorch 2.6.0", ("RC302",))
    assert (other.replaced_by, other.replaces, other.wanted) == ("", "", None)


def test_pip_replaces_the_package_with_the_files_and_not_its_choice(make_lock: MakeLock) -> None:
    lock = make_lock("- conda linux-64 pytorch-cpu 2.6.0\n- conda linux-64 pytorch 2.6.0\n- pip linux-64 torch 2.4.1")
    ((pip, conda),) = replacements(linked(lock, None), load_name_map())
    assert (pip, conda) == (Node("pip", "torch"), Node("conda", "pytorch"))


def test_a_package_that_was_declared_twice_has_both_constraints_without_credentials(
    make_lock: MakeLock, make_environment: MakeEnvironment
) -> None:
    links = linked(make_lock("- conda linux-64 a 1"), make_environment("dependencies: [a>=1, a<2, a>=1]"))
    describe = describer(links, (), declared=True)
    assert describe(Node("conda", "a")).wanted == ">=1 and <2"

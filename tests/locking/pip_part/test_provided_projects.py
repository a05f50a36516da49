"""What conda provides to pip, and what only looks like it."""

from __future__ import annotations

from reprocheck.locking.pip_part.provided_projects import provided_projects
from tests.locking.local_index import PYTHON, conda_package


def names(*packages: tuple[str, str, tuple[str, ...]]) -> list[str]:
    conda = [conda_package(name, version, depends=depends) for name, version, depends in packages]
    return [f"{project.name} {project.version}" for project in provided_projects([PYTHON, *conda]).projects]


def test_a_package_that_depends_on_python_provides_its_own_name() -> None:
    assert names(("typing_extensions", "4.12", ("python",)), ("numpy", "2.1", ("python_abi",))) == [
        "numpy 2.1",
        "typing-extensions 4.12",
    ]


def test_native_packages_and_metapackages_provide_nothing() -> None:
    native = [(name, "1.0", ("libgcc",)) for name in ("zlib", "tzdata", "_libgcc_mutex", "pytorch-cuda", "ninja")]
    assert names(*native) == []


def test_a_false_friend_provides_nothing_even_if_it_needs_python() -> None:
    assert names(("igraph", "0.10", ("python",))) == []


def test_the_table_of_names_counts_without_a_dependency_on_python() -> None:
    assert names(("pytorch", "2.5.1", ()), ("pytorch-gpu", "2.5.1", ())) == ["torch 2.5.1"]


def test_of_two_that_provide_a_project_the_one_of_its_name_stands() -> None:
    pair = ("jsonschema", "4.2", ("python",)), ("jsonschema-with-format-nongpl", "4.3", ("python",))
    assert names(*pair) == names(*reversed(pair)) == ["jsonschema 4.2"]


def test_a_bundle_provides_all_its_projects() -> None:
    assert names(("pyside6", "6.7", ("python",))) == ["pyside6 6.7", "shiboken6 6.7"]


def test_conda_versions_are_written_as_pep_440_does() -> None:
    assert names(("a", "1.0_1", ("python",)), ("b", "1.0RC1", ("python",))) == ["a 1.0.1", "b 1.0rc1"]


def test_a_version_that_pep_440_cannot_read_is_told() -> None:
    provision = provided_projects([conda_package("odd", "9e-final!", depends=("python",))])
    assert provision.projects == ()
    assert provision.notes == (
        "conda odd 9e-final! has no version that pip can read: `odd` is not known to be provided, "
        "and pip may bring a second one",
    )


def test_a_doubtful_pair_provides_nothing_and_is_known_as_doubtful() -> None:
    pillow = conda_package("pillow", "10.0")
    provision = provided_projects([pillow])
    assert [project.name for project in provision.projects] == ["pillow"]
    assert provision.doubtful == (("pillow-simd", pillow),)

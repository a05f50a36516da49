"""Names in both directions, and the quick reader against a real YAML parser."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reprocheck.facts.name_map import load_name_map, override_names, parse_name_map, read_rows
from reprocheck.model.project_names import normalise_name

TABLE = Path(__file__).resolve().parents[2] / "reprocheck" / "facts" / "tables" / "conda_pypi_names.yaml"


def test_the_quick_reader_finds_every_row_that_yaml_finds() -> None:
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["rows"]
    names = load_name_map()
    silent = {"false_friend", "native_part", "native_counterpart"}
    for row in rows:
        found = set(names.pypi_names(row["conda"]))
        assert found.isdisjoint(row["pypi"]) if row["relation"] in silent else found >= set(row["pypi"]), row
    assert set(names.to_pypi) == {normalise_name(row["conda"]) for row in rows}


def test_projects_stand_in_the_table_as_pep_503_writes_them() -> None:
    for projects in load_name_map().to_pypi.values():
        assert [normalise_name(project) for project in projects] == list(projects)


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("pytorch", "torch"),
        ("pytorch-gpu", "torch"),
        ("py-xgboost", "xgboost"),
        ("antlr-python-runtime", "antlr4-python3-runtime"),
        ("numpy-base", "numpy"),
        ("pyg", "torch-geometric"),
        ("torchtriton", "triton"),
        ("opencv", "opencv-python-headless"),
        ("ruamel.yaml", "ruamel-yaml"),
        ("numpy", "numpy"),
        ("Some_New.Package", "some-new-package"),
    ],
)
def test_a_conda_package_installs_the_project(conda: str, pypi: str) -> None:
    assert pypi in load_name_map().pypi_names(conda)


@pytest.mark.parametrize(
    "conda", ["graphviz", "ffmpeg", "igraph", "libtorch", "cudnn", "hdf5", "cuda-toolkit", "krb5", "blosc", "zlib-ng"]
)
def test_programs_and_native_libraries_have_no_counterpart(conda: str) -> None:
    assert load_name_map().pypi_names(conda) == ()


def test_pyqt_of_another_major_is_another_project() -> None:
    assert "pyqt5" in load_name_map().pypi_names("pyqt")
    assert "pyqt6" not in load_name_map().pypi_names("pyqt")


def test_a_variant_adds_to_the_usual_project() -> None:
    assert load_name_map().pypi_names("pillow") == ("pillow", "pillow-simd")


@pytest.mark.parametrize(
    ("pypi", "conda"),
    [("torch", "pytorch"), ("graphviz", "python-graphviz"), ("numpy", "numpy"), ("Einops", "einops")],
)
def test_a_project_is_found_on_conda(pypi: str, conda: str) -> None:
    assert conda in load_name_map().conda_names(pypi)


def test_the_own_name_is_no_conda_name_where_it_is_another_package() -> None:
    assert load_name_map().conda_names("graphviz") == ("python-graphviz",)


def test_a_pair_from_memory_stands_behind_no_error() -> None:
    names = load_name_map()
    assert not names.is_firm("pillow", "pillow-simd")
    assert names.is_firm("pillow", "pillow")
    assert names.is_firm("pytorch", "torch")


def test_a_row_of_low_confidence_stands_behind_no_error() -> None:
    text = "- {conda: a, pypi: [b], relation: rename, source: [somewhere], confidence: low}\n"
    assert not parse_name_map(text).is_firm("a", "b")


def test_rows_of_one_conda_name_add_up_without_repetition() -> None:
    text = (
        "- {conda: a, pypi: [b], relation: rename, source: [s], confidence: high}\n"
        "- {conda: A, pypi: [b, c], relation: bundle, source: [s], confidence: high}\n"
    )
    assert parse_name_map(text).pypi_names("a") == ("b", "c")
    assert parse_name_map(text).conda_names("c") == ("A", "c")


def test_names_are_normalised_as_pep_503_says() -> None:
    assert normalise_name("Zope.__Interface--X") == "zope-interface-x"


def test_the_table_pairs_at_least_five_hundred_names() -> None:
    assert len(list(read_rows())) >= 500


def test_pairs_of_the_user_go_before_those_of_the_table() -> None:
    names = override_names(load_name_map(), {"Corp_Torch": ("Torch",), "pytorch": (), "py-xgboost": ("my-boost",)})
    assert names.pypi_names("corp-torch") == ("torch",)
    assert "Corp_Torch" in names.conda_names("torch")
    assert names.pypi_names("pytorch") == ()
    assert "pytorch" not in names.conda_names("torch")
    assert names.pypi_names("py-xgboost") == ("my-boost",)
    assert names.conda_names("my-boost") == ("py-xgboost", "my-boost")
    assert "py-xgboost" not in names.conda_names("xgboost")
    assert names.pypi_names("numpy-base") == ("numpy",)  # not spoken of


def test_a_pair_of_the_user_is_firm() -> None:
    names = override_names(load_name_map(), {"pillow": ("pillow-simd",)})
    assert names.is_firm("pillow", "pillow-simd")
    assert not load_name_map().is_firm("pillow", "pillow-simd")

"""The tables that are read line by line hold what a YAML parser reads, and the short lists hold what the tables do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reprocheck.facts import native_runtimes
from reprocheck.facts.import_collisions import collision_of, collisions
from reprocheck.facts.known_needs import known_paths
from reprocheck.facts.native_runtimes import runtimes_on, written_beside

TABLES = Path(__file__).resolve().parents[2] / "reprocheck" / "facts" / "tables"


def rows(table: str, section: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((TABLES / f"{table}.yaml").read_text(encoding="utf-8"))[section]
    return loaded


def test_every_collision_is_read_by_the_pattern() -> None:
    read = [
        (one.module, list(one.distributions), one.severity, one.clean_from and " ".join(one.clean_from))
        for one in collisions()
    ]
    assert read == [
        (row["import_name"], row["distributions"], row["severity"], row["clean_from"])
        for row in rows("import_collisions", "groups")
    ]


def test_a_distribution_stands_in_one_group() -> None:
    named = [name for row in rows("import_collisions", "groups") for name in row["distributions"]]
    assert len(named) == len(set(named))
    assert collision_of("torch") is None


def test_an_error_stands_on_high_confidence() -> None:
    assert {row["confidence"] for row in rows("import_collisions", "groups") if row["severity"] == "error"} == {"high"}


def test_every_need_is_read_by_the_pattern() -> None:
    for row in rows("known_needs", "needs"):
        path, sure = known_paths([row["conda"]])[row["needs"]]
        assert path == (row["conda"], row["needs"]) or row["confidence"] == "medium"
        assert sure or row["confidence"] == "medium"


def test_a_path_of_which_every_step_is_sure_comes_before_a_shorter_one() -> None:
    assert known_paths(["pytorch", "scipy"])["numpy"] == (("scipy", "numpy"), True)
    assert known_paths(["pytorch"])["numpy"] == (("pytorch", "numpy"), False)
    assert known_paths(["einops"]) == {"einops": (("einops",), True)}


def test_the_names_that_are_known_without_the_table_are_those_of_the_table() -> None:
    assert {row["pip"] for row in rows("native_runtimes", "prefix_writers")} == native_runtimes.PREFIX_WRITERS
    openmp = rows("native_runtimes", "openmp")
    assert {row["provider"] for row in openmp if row["manager"] == "conda"} == set(native_runtimes.CONDA_OPENMP)
    assert {row["provider"] for row in openmp if row["manager"] == "wheel"} == set(native_runtimes.OPENMP_WHEELS)
    assert {row["provider"] for row in rows("native_runtimes", "blas")} == set(native_runtimes.BLAS_WHEELS)


def test_what_lies_beside_a_wheel_and_inside_it() -> None:
    assert written_beside("intel-openmp") == {"intel-openmp": "libiomp5", "llvm-openmp": "libiomp5"}
    assert written_beside("torch") == {}
    assert runtimes_on("openmp", "osx-arm64", "wheel")["torch"] == "libomp"
    assert runtimes_on("openmp", "win-64", "wheel") == {"torch": "libiomp5"}

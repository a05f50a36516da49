"""A lock is known by the names that its writers give it."""

from __future__ import annotations

from pathlib import Path

from reprocheck.readers.lock_names import is_lock_name, usual_lock


def test_usual_names_of_locks_are_known() -> None:
    assert [name for name in ("conda-lock.yml", "pixi.lock", "uv.lock", "environment.yml") if is_lock_name(name)] == [
        "conda-lock.yml",
        "pixi.lock",
    ]


def test_the_lock_of_conda_lock_goes_before_that_of_pixi(tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").touch()
    (tmp_path / "conda-lock.yml").touch()
    assert usual_lock(tmp_path) == tmp_path / "conda-lock.yml"


def test_the_lock_of_pixi_is_meant_where_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").touch()
    assert usual_lock(tmp_path) == tmp_path / "pixi.lock"


def test_without_any_lock_that_of_conda_lock_is_meant(tmp_path: Path) -> None:
    assert usual_lock(tmp_path) == tmp_path / "conda-lock.yml"

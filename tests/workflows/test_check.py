"""`check FILES` takes environment files and locks, and passes over what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.workflows.check import CheckRequest, find_subjects
from reprocheck.workflows.gathering import Subject


def subjects(*files: Path) -> list[Subject]:
    return find_subjects(CheckRequest(folder=Path(), files=files))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("environment.yml", "conda-lock.yml", "pixi.lock", "conda-lock.log"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_conda_lock_belongs_to_the_environment_beside_it(folder: Path) -> None:
    assert subjects(folder / "conda-lock.yml") == [
        Subject(environment=folder / "environment.yml", lock=folder / "conda-lock.yml")
    ]


def test_a_pixi_lock_belongs_to_no_environment_file(folder: Path) -> None:
    assert subjects(folder / "pixi.lock") == [Subject(environment=None, lock=folder / "pixi.lock")]


def test_what_is_neither_is_passed_over_unless_it_is_not_there(folder: Path) -> None:
    assert subjects(folder / "conda-lock.log") == []
    with pytest.raises(InputError):
        subjects(folder / "sub" / "pixi.lock")

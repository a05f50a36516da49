"""`--name-map` and the key `name-map`: names of the user change what is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]

ENVIRONMENT = """dependencies:
  - python=3.11
  - corp-torch=2.6
  - pip
  - pip:
      - torch==2.5.1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT, encoding="utf-8")
    (tmp_path / "names.yml").write_text("corp-torch: torch\n", encoding="utf-8")
    return tmp_path


def test_without_pairs_the_package_is_unknown(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("check", "--select", "RC301", cwd=project)
    assert (done.code, done.out) == (0, "no findings\n")


def test_the_option_names_a_file_of_pairs(project: Path, reprocheck: Runner) -> None:
    done = reprocheck(
        "check", "--select", "RC301", "--name-map", "names.yml", "--output-format", "concise", cwd=project
    )
    assert done.code == 1
    assert "`torch==2.5.1` (pip) is also `corp-torch=2.6` (conda)" in done.out


def test_the_configuration_names_a_file_from_its_own_folder(project: Path, reprocheck: Runner) -> None:
    (project / "reprocheck.toml").write_text('name-map = "names.yml"\n', encoding="utf-8")
    below = project / "below"
    below.mkdir()
    done = reprocheck("check", "--select", "RC301", "../environment.yml", cwd=below)
    assert done.code == 1


def test_a_bad_line_is_told_with_its_place(project: Path, reprocheck: Runner) -> None:
    (project / "names.yml").write_text("# ours\ncorp-torch = torch\n", encoding="utf-8")
    done = reprocheck("audit", "--name-map", "names.yml", cwd=project)
    assert done.code == 2
    assert done.err == (
        "error: `corp-torch = torch` is no pair of names\n"
        "  where: names.yml:2\n"
        "  why:   a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`\n"
        "  how:   correct or remove it\n"
    )

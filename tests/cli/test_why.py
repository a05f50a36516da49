"""`reprocheck why`: the paths to a package, told apart by manager and platform."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

ENVIRONMENT = """\
channels:
  - conda-forge
dependencies:
  - python=3.12
  - pytorch=2.6
  - scipy
  - pip
  - pip:
      - timm>=1.0
"""
PACKAGE = """\
- name: {name}
  version: {version}
  manager: {manager}
  platform: {platform}
  dependencies: {needs}
  url: {url}
  hash:
    sha256: {digest}
  category: main
  optional: false
"""
HEAD = """\
version: 1
metadata:
  content_hash:
    linux-64: '{zeros}'
    osx-arm64: '{zeros}'
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  - osx-arm64
  sources:
  - environment.yml
package:
"""


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def package(platform: str, name: str, version: str, needs: str = "{}", build: str | None = "py312_0") -> str:
    conda = f"https://conda.anaconda.org/conda-forge/{platform}/{name}-{version}-{build}.conda"
    wheel = f"https://example.org/{name}-{version}-py3-none-any.whl"
    return PACKAGE.format(
        name=name,
        version=version,
        manager="conda" if build else "pip",
        platform=platform,
        needs=needs,
        url=conda if build else wheel,
        digest="0" * 64,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    entries = [
        package("linux-64", "pytorch", "2.6.0", "{numpy: '<3,>=1.23'}"),
        package("linux-64", "scipy", "1.15.2", "{numpy: '>=1.19'}"),
        package("linux-64", "numpy", "2.2.4"),
        package("linux-64", "orphan", "1.0"),
        package("osx-arm64", "scipy", "1.15.2", "{numpy: '>=1.19'}"),
        package("osx-arm64", "numpy", "2.2.4"),
        package("linux-64", "timm", "1.0.15", "{torch: '>=1.7'}", build=None),
    ]
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "conda-lock.yml").write_text(HEAD.format(zeros="0" * 64) + "".join(entries))
    return tmp_path


def test_every_declared_package_tells_its_path(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "numpy", cwd=project)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "numpy 2.2.4 py312_0 (conda) on linux-64\n"
        "  environment.yml: pytorch =2.6 → pytorch 2.6.0 py312_0 (conda)\n"
        "     └─ needs numpy <3,>=1.23 → numpy 2.2.4 py312_0 (conda)\n"
        "  environment.yml: scipy → scipy 1.15.2 py312_0 (conda)\n"
        "     └─ needs numpy >=1.19 → numpy 2.2.4 py312_0 (conda)\n"
        "\n"
        "numpy 2.2.4 py312_0 (conda) on osx-arm64\n"
        "  environment.yml: scipy → scipy 1.15.2 py312_0 (conda)\n"
        "     └─ needs numpy >=1.19 → numpy 2.2.4 py312_0 (conda)\n"
    )


def test_platforms_with_the_same_answer_are_told_together(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "scipy", cwd=project)
    assert done.out == (
        "scipy 1.15.2 py312_0 (conda) on linux-64, osx-arm64\n  environment.yml: scipy → scipy 1.15.2 py312_0 (conda)\n"
    )


def test_a_project_is_found_under_its_conda_name_with_its_pip_users(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "torch", cwd=project)
    assert done.out == (
        "pytorch 2.6.0 py312_0 (conda) on linux-64\n"
        "  environment.yml: pytorch =2.6 → pytorch 2.6.0 py312_0 (conda)\n"
        "  environment.yml: timm >=1.0 → timm 1.0.15 (pip)\n"
        "     └─ needs pytorch >=1.7 → pytorch 2.6.0 py312_0 (conda)\n"
    )


def test_a_package_that_nothing_leads_to_says_so(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "orphan", "--platform", "linux-64", cwd=project)
    assert done.out == "orphan 1.0 py312_0 (conda) on linux-64\n  nothing declared in environment.yml leads to it\n"


def test_without_an_environment_file_the_roots_are_what_nothing_needs(project: Path, reprocheck: Runner) -> None:
    (project / "environment.yml").unlink()
    done = reprocheck("why", "numpy", "--platform", "osx-arm64", cwd=project)
    assert done.out == (
        "numpy 2.2.4 py312_0 (conda) on osx-arm64\n"
        "  scipy 1.15.2 py312_0 (conda), which nothing else needs\n"
        "     └─ needs numpy >=1.19 → numpy 2.2.4 py312_0 (conda)\n"
    )


def test_files_can_be_named(project: Path, reprocheck: Runner, tmp_path: Path) -> None:
    (project / "environment.yml").rename(project / "other.yml")
    (project / "conda-lock.yml").rename(project / "other-conda-lock.yml")
    done = reprocheck("why", "numpy", "-f", "other.yml", "--lockfile", "other-conda-lock.yml", cwd=project)
    assert done.code == 0
    assert "  other.yml: scipy → scipy 1.15.2 py312_0 (conda)\n" in done.out


def test_an_unknown_name_gets_a_suggestion(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "numpi", "--platform", "linux-64", cwd=project)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: no package `numpi` is locked on linux-64\n"
        "  where: conda-lock.yml\n"
        "  why:   the lock holds 5 other names\n"
        "  how:   did you mean `numpy`?\n"
    )


def test_a_name_like_no_other_gets_none(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "zzzzzz", cwd=project)
    assert done.code == 2
    assert "how:   look for the name in the lock file" in done.err


def test_an_unknown_platform_is_refused(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "numpy", "--platform", "linux-32", cwd=project)
    assert done.code == 2
    assert "it holds `linux-64`, `osx-arm64`" in done.err


def test_a_missing_lock_is_an_input_error(tmp_path: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "numpy", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "cannot read the lock file" in done.err


def test_a_pixi_lock_is_read_as_well(tmp_path: Path, reprocheck: Runner) -> None:
    url = "https://conda.anaconda.org/conda-forge/linux-64"
    (tmp_path / "pixi.lock").write_text(
        "version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n"
        f"      - conda: {url}/a-1-0.conda\n      - conda: {url}/b-2-0.conda\npackages:\n"
        f"- conda: {url}/a-1-0.conda\n  depends:\n  - b >=2\n- conda: {url}/b-2-0.conda\n"
    )
    done = reprocheck("why", "b", "--lockfile", "pixi.lock", cwd=tmp_path)
    assert done.out == (
        "b 2 0 (conda) on linux-64\n  a 1 0 (conda), which nothing else needs\n     └─ needs b >=2 → b 2 0 (conda)\n"
    )


def test_the_lock_lies_beside_a_named_environment(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("why", "numpy", "-f", f"{project.name}/environment.yml", cwd=project.parent)
    assert done.code == 0


def test_a_package_of_another_source_names_the_file_that_declares_it(project: Path, reprocheck: Runner) -> None:
    (project / "dev.yml").write_text("dependencies:\n- pip:\n  - -r dev.txt\n")
    (project / "dev.txt").write_text("lonely\n")
    lock = (
        (project / "conda-lock.yml").read_text().replace("  - environment.yml\n", "  - environment.yml\n  - dev.yml\n")
    )
    (project / "conda-lock.yml").write_text(lock + package("linux-64", "lonely", "3.0", build=None))
    done = reprocheck("why", "lonely", cwd=project)
    assert done.out == "lonely 3.0 (pip) on linux-64\n  dev.txt: lonely → lonely 3.0 (pip)\n"


def test_a_source_that_cannot_be_read_leaves_what_nothing_else_needs(project: Path, reprocheck: Runner) -> None:
    (project / "environment.yml").write_text("dependencies: {{ name }}\n")
    assert ", which nothing else needs\n" in reprocheck("why", "numpy", cwd=project).out


def test_a_pixi_lock_has_nothing_to_do_with_the_environment_file_beside_it(tmp_path: Path, reprocheck: Runner) -> None:
    url = "https://conda.anaconda.org/conda-forge/linux-64"
    (tmp_path / "environment.yml").write_text("dependencies: [b]\n")
    (tmp_path / "pixi.lock").write_text(
        "version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n"
        f"      - conda: {url}/b-2-0.conda\npackages:\n- conda: {url}/b-2-0.conda\n"
    )
    assert (
        reprocheck("why", "b", cwd=tmp_path).out
        == "b 2 0 (conda) on linux-64\n  b 2 0 (conda), which nothing else needs\n"
    )


def test_a_program_gets_a_document(project: Path, reprocheck: Runner) -> None:
    done = reprocheck(
        "why", "scipy", "--platform", "osx-arm64", "--output-format", "json", "-o", "why.json", cwd=project
    )
    assert (done.code, done.out, done.err) == (0, "", "")
    document = json.loads((project / "why.json").read_text())
    assert [answer["package"]["platform"] for answer in document["answers"]] == ["osx-arm64"]

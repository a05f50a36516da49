"""`reprocheck tree`: what was declared and what that needs, or who needs a package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

ENVIRONMENT = """\
dependencies:
  - pytorch=2.6
  - scipy
  - pip
  - pip:
      - timm>=1.0
"""
HEAD = "version: 1\nmetadata:\n  platforms:\n  - linux-64\n  - osx-arm64\n  sources:\n  - environment.yml\npackage:\n"


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def entry(manager: str, platform: str, name: str, version: str, needs: str = "{}") -> str:
    url = f"https://conda.invalid/conda-forge/{platform}/{name}-{version}-h0_0.conda"
    return (
        f"- name: {name}\n  version: {version}\n  manager: {manager}\n  platform: {platform}\n  dependencies: {needs}\n"
        f"  url: {url}\n  hash:\n    sha256: {'0' * 64}\n"
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    entries = [
        entry("conda", "linux-64", "pytorch", "2.6.0", "{numpy: '>=1.23'}"),
        entry("conda", "linux-64", "scipy", "1.15.2", "{numpy: '>=1.19'}"),
        entry("conda", "linux-64", "numpy", "2.2.4", "{libblas: '>=3.9'}"),
        entry("conda", "linux-64", "libblas", "3.9.0"),
        entry("conda", "linux-64", "orphan", "1.0"),
        entry("pip", "linux-64", "timm", "1.0.15", "{torch: '>=1.7'}"),
        entry("pip", "linux-64", "torch", "2.4.1"),
        entry("conda", "osx-arm64", "scipy", "1.15.2"),
    ]
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "conda-lock.yml").write_text(HEAD + "".join(entries))
    return tmp_path


def test_the_tree_begins_with_what_was_declared(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", cwd=project)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "environment.yml on linux-64\n"
        "pytorch =2.6 → 2.6.0 (conda), replaced by pip's torch 2.4.1\n"
        "└─ numpy >=1.23 → 2.2.4 (conda)\n"
        "   └─ libblas >=3.9 → 3.9.0 (conda)\n"
        "scipy 1.15.2 (conda)\n"
        "└─ numpy >=1.19 → 2.2.4 (conda) (*)\n"
        "timm >=1.0 → 1.0.15 (pip)\n"
        "└─ torch >=1.7 → 2.4.1 (pip), replaces conda's pytorch 2.6.0\n"
        "1 locked package is not shown: nothing declared leads there\n"
        "\n"
        "environment.yml on osx-arm64\n"
        "scipy 1.15.2 (conda)\n"
        "\n"
        "(*) what it needs is shown further up\n"
    )


def test_inverted_it_ends_with_what_was_declared(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", "-i", "numpy", cwd=project)
    assert done.out == (
        "who needs numpy on linux-64\n"
        "numpy 2.2.4 (conda)\n"
        "├─ pytorch 2.6.0 (conda), needs >=1.23, declared as =2.6, replaced by pip's torch 2.4.1\n"
        "└─ scipy 1.15.2 (conda), needs >=1.19, declared\n"
    )


def test_inverted_without_a_name_it_begins_with_what_needs_nothing(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", "--invert", "--platform", "osx-arm64", cwd=project)
    assert done.out == "upwards from what needs nothing else, on osx-arm64\nscipy 1.15.2 (conda), declared\n"


def test_named_packages_are_the_roots_under_either_name(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", "torch", "--depth", "1", cwd=project)
    assert done.out == (
        "what torch needs on linux-64\n"
        "torch 2.4.1 (pip), replaces conda's pytorch 2.6.0\n"
        "pytorch =2.6 → 2.6.0 (conda), replaced by pip's torch 2.4.1\n"
        "└─ numpy >=1.23 → 2.2.4 (conda)\n"
    )


def test_without_an_environment_file_the_roots_are_what_nothing_needs(project: Path, reprocheck: Runner) -> None:
    (project / "environment.yml").unlink()
    done = reprocheck("tree", "--platform", "osx-arm64", cwd=project)
    assert done.out == "what nothing else needs on osx-arm64\nscipy 1.15.2 (conda)\n"


def test_an_unknown_name_gets_a_suggestion(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", "numpy", "scypi", cwd=project)
    assert (done.code, done.out) == (2, "")
    assert "error: no package `scypi` is locked\n" in done.err
    assert "did you mean `scipy`?" in done.err


def test_a_program_gets_rows(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("tree", "scipy", "--output-format", "json", "-o", "tree.json", cwd=project)
    assert (done.code, done.out) == (0, "")
    document = json.loads((project / "tree.json").read_text())
    assert [(tree["platform"], len(tree["rows"])) for tree in document["trees"]] == [("linux-64", 3), ("osx-arm64", 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_gets_the_tree_as_well(project: Path) -> None:
    import pty

    parent, child = pty.openpty()
    root = Path(__file__).resolve().parent.parent.parent
    env = {**os.environ, "PYTHONPATH": str(root)}
    words = [sys.executable, "-m", "reprocheck", "tree", "scipy", "--platform", "osx-arm64"]
    done = subprocess.run(words, cwd=project, env=env, stdout=subprocess.PIPE, stderr=child, check=False, timeout=60)
    os.close(child)
    os.close(parent)
    assert done.stdout.decode() == "what scipy needs on osx-arm64\nscipy 1.15.2 (conda)\n"

"""The environment that trains, held against the lock beside the record: damage fails, drift is looked at."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from reprocheck.model.fingerprints import unread
from reprocheck.workflows.prefix_check import environment_of, prefix_check

LOCKED = {"name": "conda-lock.yml", "sha256": "0" * 64}
NO_PACKAGES = """\
version: 1
metadata:
  content_hash: {linux-64: 0000000000000000000000000000000000000000000000000000000000000000}
  channels: [{url: local, used_env_vars: []}]
  platforms: [linux-64]
  sources: [environment.yml]
package: []
"""
METADATA = "Metadata-Version: 2.1\nName: left-pad\nVersion: 1.0\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "conda-lock.yml").write_text(NO_PACKAGES, encoding="utf-8")
    (folder / "environment.yml").write_text("name: x\nchannels: [local]\ndependencies: []\n", encoding="utf-8")
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Return the Python of a virtual environment with one project of one file."""
    root = tmp_path / "venv"
    site = root / "lib" / "python3.11" / "site-packages"
    info = site / "left_pad-1.0.dist-info"
    for folder in (root / "bin", info):
        folder.mkdir(parents=True)
    (root / "pyvenv.cfg").write_text(f"home = {tmp_path}\nversion = 3.11.0\n", encoding="utf-8")
    (root / "bin" / "python").symlink_to(sys.executable)
    (site / "left_pad.py").write_text("", encoding="utf-8")
    (info / "METADATA").write_text(METADATA, encoding="utf-8")
    (info / "RECORD").write_text("left_pad.py,,\nleft_pad-1.0.dist-info/METADATA,,\n", encoding="utf-8")
    return root / "bin" / "python"


def told(folder: Path, python: Path) -> str:
    check = prefix_check(folder, python, LOCKED)
    assert check.name == "prefix"
    return f"{check.status}: {check.detail}"


def test_without_a_recorded_lock_there_is_nothing_to_hold_it_against(project: Path, python: Path) -> None:
    check = prefix_check(project, python, unread("missing", "no `conda-lock.yml` beside the record"))
    assert (check.status, check.detail) == (
        "skip",
        "none was locked when this was recorded: missing: no `conda-lock.yml` beside the record",
    )


def test_a_lock_that_is_gone_is_told(tmp_path: Path, python: Path) -> None:
    assert told(tmp_path, python) == "skip: there is no `conda-lock.yml` beside the record"


def test_a_python_of_the_system_is_no_environment(project: Path, tmp_path: Path) -> None:
    lone = tmp_path / "usr" / "bin" / "python"
    assert environment_of(lone) is None
    assert told(project, lone) == "skip: `python` belongs to no environment of its own"


def test_a_lock_that_cannot_be_read_is_told(project: Path, python: Path) -> None:
    (project / "conda-lock.yml").write_text("version: [", encoding="utf-8")
    assert told(project, python).startswith("skip: ")


def test_a_file_that_is_missing_fails(project: Path, python: Path) -> None:
    (python.parent.parent / "lib/python3.11/site-packages/left_pad.py").unlink()
    assert told(project, python).startswith("fail: RC601 ")


def test_a_package_that_is_not_locked_is_looked_at(project: Path, python: Path) -> None:
    assert told(project, python).startswith("review: RC605 ")


def test_an_environment_with_nothing_but_what_is_locked_passes(project: Path, python: Path) -> None:
    shutil.rmtree(python.parent.parent / "lib/python3.11/site-packages/left_pad-1.0.dist-info")
    assert told(project, python) == "pass: the locked environment, no file missing"

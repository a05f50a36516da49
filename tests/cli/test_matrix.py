"""`reprocheck matrix`: from a lock on disk to the three formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

LOCK = """\
version: 1
metadata:
  content_hash: {linux-64: '0', osx-arm64: '0'}
  channels: []
  platforms: [linux-64, osx-arm64]
  sources: []
package:
- name: torch
  version: 2.6.0
  manager: pip
  platform: linux-64
  dependencies: {}
  url: https://packages.invalid/torch-2.6.0-py3-none-any.whl
  hash: {sha256: 'abc'}
  category: main
  optional: false
- name: numpy
  version: 2.2.4
  manager: conda
  platform: osx-arm64
  dependencies: {}
  url: https://conda.anaconda.org/conda-forge/osx-arm64/numpy-2.2.4-py312_0.conda
  hash: {md5: 'abc'}
  category: main
  optional: false
"""


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conda-lock.yml").write_text(LOCK)
    return tmp_path


def test_named_drivers_and_gpus_are_told_in_a_table(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("matrix", "--driver", "535.129.03", "--driver", "570", "--gpu", "V100", "--gpu", "RTX 5090")
    assert (done.code, done.err) == (0, "")
    assert project.is_dir()
    assert done.out == (
        "conda-lock.yml: which drivers and GPUs can run it\n"
        "\n"
        "linux-64\n"
        "  CUDA 12.4, which takes driver 525.60.13 or newer\n"
        "  unlabelled PyPI wheel `torch 2.6.0` gives CUDA 12.4\n"
        "  `torch 2.6.0` for CUDA 12.4: kernels for sm_50, sm_60, sm_70, sm_75, sm_80,\n"
        "    sm_86, sm_90 and no PTX\n"
        "\n"
        "  GPU       known to                     driver\n"
        "                                         535.129.03  570\n"
        "  V100      to 580    sm_70, Volta       runs M      runs\n"
        "  RTX 5090  570 on    sm_120, Blackwell  no K        no K\n"
        "\n"
        "  K  none of these kernels runs there\n"
        "  M  the driver is older than CUDA 12.4: minor-version compatibility runs\n"
        "     machine code, not what is compiled for it on the way\n"
        "\n"
        "osx-arm64\n"
        "  there is no CUDA on macOS\n"
    )


def test_without_options_every_known_branch_and_gpu_is_there(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("matrix", "--platform", "linux-64", cwd=project)
    assert done.code == 0
    lines = done.out.splitlines()
    assert "to 520  525-545  550 on" in done.out
    assert "  sm_70   to 580    Volta: V100, Titan V, Quadro GV100  no D    runs M   runs" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("format_name", ["json", "markdown", "text"])
def test_a_report_goes_to_a_file(format_name: str, project: Path, reprocheck: Runner) -> None:
    done = reprocheck("matrix", "--output-format", format_name, "-o", "matrix.out", cwd=project)
    assert (done.code, done.out) == (0, "")
    shown = reprocheck("matrix", "--output-format", format_name, cwd=project)
    assert (project / "matrix.out").read_text(encoding="utf-8") == shown.out
    if format_name == "json":
        assert json.loads(shown.out)["schema"] == "reprocheck/matrix/1"


def test_color_is_for_text_only(project: Path, reprocheck: Runner) -> None:
    assert "\x1b[31m" in reprocheck("matrix", "--color", "always", cwd=project).out
    assert "\x1b" not in reprocheck("matrix", "--color", "always", "--output-format", "markdown", cwd=project).out


def test_another_lock_can_be_named(project: Path, reprocheck: Runner) -> None:
    (project / "conda-lock.yml").rename(project / "other.yml")
    assert reprocheck("matrix", "--lockfile", "other.yml", cwd=project).out.startswith("other.yml: which drivers")


def test_what_cannot_be_told_is_an_error(project: Path, reprocheck: Runner) -> None:
    absent = reprocheck("matrix", "--platform", "win-64", cwd=project)
    assert (absent.code, absent.out) == (2, "")
    assert "error: the lock holds nothing for `win-64`" in absent.err
    assert reprocheck("matrix", "--gpu", "Radeon", cwd=project).code == 2
    (project / "conda-lock.yml").unlink()
    assert reprocheck("matrix", cwd=project).code == 2

"""`reprocheck diff`: two files, or one file and its past."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

LOCK = """\
version: 1
metadata:
  content_hash:
    linux-64: {digest}
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
package:
- name: numpy
  version: {version}
  manager: conda
  platform: linux-64
  dependencies: {{}}
  url: https://conda.anaconda.org/conda-forge/linux-64/numpy-{version}-0.conda
  hash:
    md5: 00000000000000000000000000000000
  category: main
  optional: false
"""
PIXI = """\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/conda-forge/linux-64/numpy-2.1.0-0.conda
  old:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64: []
packages:
- conda: https://conda.anaconda.org/conda-forge/linux-64/numpy-2.1.0-0.conda
  md5: '00000000000000000000000000000000'
  depends:
  - python
"""


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.yml").write_text(LOCK.format(version="1.26.4", digest="a" * 64))
    (tmp_path / "conda-lock.yml").write_text(LOCK.format(version="2.1.0", digest="a" * 64))
    (tmp_path / "pixi.lock").write_text(PIXI)
    return tmp_path


def test_a_difference_is_told_and_exits_with_zero_like_git_diff(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("diff", "a.yml", "conda-lock.yml", cwd=project)
    assert (done.code, done.out, done.err) == (0, "~ numpy 1.26.4 -> 2.1.0\n\n1 upgraded\n", "")


def test_with_exit_code_a_difference_is_one_and_none_is_zero(project: Path, reprocheck: Runner) -> None:
    assert reprocheck("diff", "a.yml", "conda-lock.yml", "--exit-code", cwd=project).code == 1
    same = reprocheck("diff", "a.yml", "a.yml", "--exit-code", cwd=project)
    assert (same.code, same.out) == (0, "no difference: the locks say the same\n")


def test_locks_of_two_formats_compare_by_what_both_say(project: Path, reprocheck: Runner) -> None:
    assert (
        reprocheck("diff", "conda-lock.yml", "pixi.lock", cwd=project).out == "no difference: the locks say the same\n"
    )
    other = reprocheck("diff", "a.yml", "pixi.lock", "--environment", "old", cwd=project)
    assert other.out == "- numpy 1.26.4\n\n1 removed\n"


def test_a_document_goes_to_a_file_whole(project: Path, reprocheck: Runner) -> None:
    done = reprocheck("diff", "a.yml", "conda-lock.yml", "--output-format", "json", "-o", "d.json", cwd=project)
    assert (done.code, done.out) == (0, "")
    document = json.loads((project / "d.json").read_text())
    assert (document["schema"], document["summary"]["upgraded"]) == ("reprocheck/diff/1", 1)


def test_colour_is_a_choice(project: Path, reprocheck: Runner) -> None:
    assert "\x1b[33m~" in reprocheck("diff", "a.yml", "conda-lock.yml", "--color", "always", cwd=project).out


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_side_may_come_from_a_revision(project: Path, reprocheck: Runner) -> None:
    shutil.copy(project / "a.yml", project / "was.yml")
    (project / "conda-lock.yml").rename(project / "now.yml")
    (project / "was.yml").rename(project / "conda-lock.yml")
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["git", "-c", "user.name=a", "-c", "user.email=a@host.invalid", "-c", "commit.gpgsign=false"]
    for step in (["init", "-q", "."], ["add", "conda-lock.yml"], ["commit", "-qm", "x"]):
        subprocess.run([*identity, *step], cwd=project, check=True, env=quiet, capture_output=True)
    (project / "now.yml").rename(project / "conda-lock.yml")
    done = reprocheck("diff", "HEAD:conda-lock.yml", "conda-lock.yml", "--output-format", "markdown", cwd=project)
    assert done.out.startswith("**1 upgraded**\n\n`HEAD:conda-lock.yml` → `conda-lock.yml`\n")


def test_environment_files_compare_by_what_they_ask_for(tmp_path: Path, reprocheck: Runner) -> None:
    (tmp_path / "a.yml").write_text("dependencies: [numpy]\n")
    (tmp_path / "b.txt").write_text("dependencies: [numpy>=2]\n")
    done = reprocheck("diff", "a.yml", "b.txt", cwd=tmp_path)
    assert done.out == "~ numpy any version -> >=2\n\n1 changed\n"


def test_fingerprints_compare_by_key(tmp_path: Path, reprocheck: Runner) -> None:
    for name, model in (("a.json", "x"), ("b.json", "y")):
        (tmp_path / name).write_text(json.dumps({"schema": "reprocheck/fingerprint/1", "cpu": model}))
    assert reprocheck("diff", "a.json", "b.json", cwd=tmp_path).out == 'cpu: "x" -> "y"\n\n1 entry differs\n'


def test_fingerprints_compare_by_what_the_machines_compute(tmp_path: Path, reprocheck: Runner) -> None:
    probe = {"probe": "softmax/softmax/fp32", "family": "softmax", "operation": "softmax", "dtype": "fp32"}
    for name, letter, capability in (("a.json", "a", "avx512"), ("b.json", "b", "avx2")):
        bits = {"device": "cpu", "digest": letter * 64, "coarse": ["0x1p-1"], "first": ["3f800000"], "repeats": 2}
        switches = {"aten-cpu-capability": {"value": capability, "origin": "default"}}
        document = {"probes": [{**probe, **bits}], "runtime": {"switches": switches}}
        (tmp_path / name).write_text(json.dumps({"schema": "reprocheck/fingerprint/1", **document}))
    done = reprocheck("diff", "a.json", "b.json", "--exit-code", cwd=tmp_path)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        'runtime.switches.aten-cpu-capability: "avx512" (default) -> "avx2" (default)\n'
        "\n"
        "what they compute: 0 of 1 probes equal, 1 equal up to rounding\n"
        "  there: a.json\n"
        "  here:  b.json\n"
        "\n"
        "  family   dtype  device  equal  rounding  different\n"
        "  softmax  fp32   cpu         -         1          -\n"
        "\n"
        "likely cause: aten-cpu-capability (avx512 there, avx2 here): explains 1 of 1 differing probe\n"
        "  (softmax fp32); measured effects table\n"
        "\n"
        "how far apart, in rounding units of the dtype:\n"
        "~ softmax fp32: softmax <0.01\n"
        "\n"
        "first values of softmax/softmax/fp32:\n"
        "  there  3f800000 1\n"
        "  here   3f800000 1\n"
        "\n"
        "1 entry differs; 1 probe differs\n"
    )


def test_two_kinds_do_not_compare(project: Path, reprocheck: Runner) -> None:
    (project / "environment.yml").write_text("dependencies: [numpy]\n")
    done = reprocheck("diff", "a.yml", "environment.yml", cwd=project)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: the two sides are of different kinds: lock and environment\n"
        "  where: a.yml and environment.yml\n"
        "  why:   locks compare with locks (conda-lock.yml, pixi.lock or explicit files, also mixed), environment "
        "files with environment files, fingerprints with fingerprints, records with records\n"
        "  how:   name two of one kind\n"
    )


def test_a_file_of_no_known_kind_is_named(tmp_path: Path, reprocheck: Runner) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    done = reprocheck("diff", "notes.txt", "notes.txt", cwd=tmp_path)
    assert (done.code, done.err) == (
        2,
        "error: cannot tell what this file is\n"
        "  where: notes.txt\n"
        "  why:   `diff` knows conda-lock.yml, pixi.lock, @EXPLICIT files, environment.yml, fingerprints and records\n"
        "  how:   name a file of one of these kinds\n",
    )


def test_a_missing_file_is_named(tmp_path: Path, reprocheck: Runner) -> None:
    done = reprocheck("diff", "gone.yml", "gone.yml", cwd=tmp_path)
    assert (done.code, done.err) == (
        2,
        "error: cannot read the file\n"
        "  where: gone.yml\n"
        "  why:   no such file or directory\n"
        "  how:   name a lock, an environment file, a fingerprint or a record; `REV:path` reads it from git\n",
    )


def test_a_broken_record_is_told_as_such(tmp_path: Path, reprocheck: Runner) -> None:
    (tmp_path / "r.json").write_text('{"schema": "reprocheck/record/1"}')
    done = reprocheck("diff", "r.json", "r.json", cwd=tmp_path)
    assert (done.code, done.err.splitlines()[0]) == (2, "error: this is not a record that reprocheck can read")

"""`reprocheck check` and `audit` as processes: formats, exit codes, files, suppressions, bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]

OVERLAP = """\
name: paper
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pytorch=2.6.0
  - pip
  - pip:
      - torch==2.4.1
"""
CLEAN = "channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - numpy=2.1\n"


def write(folder: Path, text: str | bytes, name: str = "environment.yml") -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return folder / name


def codes(out: str) -> list[str]:
    return [finding["code"] for finding in json.loads(out)["findings"]]


def test_the_usual_file_is_found_and_an_overlap_fails(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    done = reprocheck("check", "--output-format", "json")
    assert done.code == 1
    assert {"RC301", "RC201"} <= set(codes(done.out))
    assert done.err == ""


def test_a_clean_environment_passes_quietly(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("check", "--quiet", "--ignore", "RC201")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_the_same_exit_code_in_every_format(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    found = {name: reprocheck("check", "--output-format", name).code for name in ("full", "concise", "json", "github")}
    assert set(found.values()) == {1}


def test_github_actions_gets_annotations_by_itself(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    done = reprocheck("check", env={"GITHUB_ACTIONS": "true"})
    assert done.out.startswith("::error file=environment.yml,line=9,")


def test_exit_zero_reports_but_does_not_fail(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    done = reprocheck("check", "--exit-zero")
    assert done.code == 0
    assert "RC301" in done.out


def test_min_severity_decides_what_fails(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    assert reprocheck("check", "--select", "RC201", "--min-severity", "error").code == 0
    assert reprocheck("check", "--select", "RC201", "--min-severity", "info").code == 1


def test_strict_fails_on_a_skip_only(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    assert reprocheck("check", "--select", "RC202").code == 0
    assert reprocheck("check", "--select", "RC202", "--strict").code == 1
    assert reprocheck("check", "--select", "RC107", "--strict").code == 0
    assert reprocheck("check", "--select", "RC401", "--strict").code == 0  # nobody asked `check` for a machine


def test_a_comment_allows_a_finding(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP.replace("torch==2.4.1", "torch==2.4.1  # reprocheck: ignore RC301, RC412 -- wanted"))
    done = reprocheck("check", "--select", "RC301,RC412", "--output-format", "json")
    assert (done.code, codes(done.out)) == (0, [])
    assert json.loads(done.out)["summary"]["suppressed"] >= 1


def test_several_files_are_reported_together_in_path_order(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP, "b.yml")
    write(tmp_path, OVERLAP, "a.yml")
    done = reprocheck("check", "b.yml", "a.yml", "--select", "RC301", "--output-format", "concise")
    assert [line.split(":")[0] for line in done.out.splitlines()[:2]] == ["a.yml", "b.yml"]


def test_files_that_are_no_environment_pass_so_that_hooks_pass(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, "x = 1", "setup.py")
    done = reprocheck("check", "setup.py")
    assert (done.code, done.out) == (0, "no findings\n")
    assert done.err == "note: none of the files is an environment file or a lock; nothing was looked at\n"


def test_an_output_file_is_written_whole(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    done = reprocheck("check", "-o", "report.json", "--output-format", "json")
    assert (done.code, done.out) == (1, "")
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "reprocheck/findings/1"


def test_reports_are_byte_identical_under_hash_seeds_and_locales(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP)
    variants = ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"})
    assert len({reprocheck("check", "--output-format", "json", env=variant).out for variant in variants}) == 1


def test_configuration_is_read_and_the_command_line_wins(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, OVERLAP, "env-a.yml")
    write(tmp_path, "files = ['env-a.yml']\nselect = ['RC301']\n", "reprocheck.toml")
    assert codes(reprocheck("check", "--output-format", "json").out) == ["RC301"]
    assert codes(reprocheck("check", "--select", "RC107", "--output-format", "json").out) == []


LOCK = """\
version: 1
metadata:
  content_hash: {linux-64: abc}
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms: [linux-64]
  sources: [environment.yml]
  custom_metadata:
    reprocheck.cuda: '11.8'
    reprocheck.input-digest: of-another-day
package:
- name: numpy
  version: 2.1.3
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.invalid/conda-forge/linux-64/numpy-2.1.3-py311h1_0.conda
  hash: {md5: 0123456789abcdef0123456789abcdef}
  category: main
  optional: false
- name: python
  version: 3.11.9
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.invalid/conda-forge/linux-64/python-3.11.9-h1_0_cpython.conda
  hash: {md5: 0123456789abcdef0123456789abcdee}
  category: main
  optional: false
"""


def test_a_lock_for_another_cuda_than_the_configurations_is_stale(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    write(tmp_path, LOCK, "conda-lock.yml")
    assert reprocheck("check").code == 0
    write(tmp_path, "cuda = '11.8'\n", "reprocheck.toml")
    assert reprocheck("check").code == 0
    write(tmp_path, "cuda = '12.4'\n", "reprocheck.toml")
    done = reprocheck("check", "--output-format", "concise")
    assert done.code == 1
    assert "the configuration says CUDA `12.4`, the lock was made for `11.8`" in done.out


def test_a_lock_without_a_platform_of_the_configuration_is_stale(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    write(tmp_path, LOCK, "conda-lock.yml")
    write(tmp_path, "platforms = ['linux-64', 'win-64']\n", "reprocheck.toml")
    done = reprocheck("check", "--output-format", "concise")
    assert done.code == 1
    assert "it holds nothing for win-64" in done.out


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "environment file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "byte 0x89 is not valid UTF-8"),
        ("name: ä\n".encode("utf-16"), "file is encoded in UTF-16"),
        (b"a: 1\n<<<<<<< HEAD\nb: 2\n", "conflict marker `<<<<<<<`"),
        (b"a:\n\t- b\n", "tab in the indentation"),
        (b"dependencies: []\ndependencies: []\n", "key `dependencies` stands twice"),
        (b"a: &a [x]\nb: *a\n", "YAML anchor or alias"),
        (b"a: " + b"x" * 50_000_000, "file of 50000003 bytes is too large"),
    ],
    ids=["empty", "binary", "utf-16", "conflict", "tab", "duplicate-key", "alias", "50-MB"],
)
def test_broken_input_is_one_clear_error(reprocheck: Runner, tmp_path: Path, data: bytes, what: str) -> None:
    write(tmp_path, data)
    done = reprocheck("check")
    assert (done.code, done.out) == (2, "")
    first, *rest = done.err.splitlines()
    assert first == f"error: {what}"
    assert [line.split(":")[0].strip() for line in rest] == ["where", "why", "how"]


def test_a_missing_environment_says_what_was_looked_for(reprocheck: Runner) -> None:
    done = reprocheck("check")
    assert done.code == 2
    assert "`environment.yml`, `environment.yaml`, `conda-lock.yml`" in done.err


def test_a_named_file_that_is_missing_is_an_error(reprocheck: Runner) -> None:
    done = reprocheck("check", "nope.yml")
    assert done.code == 2
    assert "where: nope.yml" in done.err


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_code_is_a_usage_error(reprocheck: Runner, tmp_path: Path, option: str) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("check", option, "RC999")
    assert done.code == 2
    assert done.err.startswith("error: `RC999` matches no rule\n")


def test_a_report_that_cannot_be_written_is_exit_three(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("check", "-o", "absent/report.txt")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: cannot write `absent/report.txt`\n")


def test_a_platform_that_the_lock_lacks_is_no_clean_audit(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    write(tmp_path, LOCK, "conda-lock.yml")
    assert reprocheck("audit", "--platform", "linux-64").code == 0
    done = reprocheck("audit", "--platform", "osx-arm64")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == "error: the lock holds nothing for `osx-arm64`"


def test_a_machine_that_is_not_this_one_can_be_audited(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("audit", "--driver", "470.57.02", "--gpu", "sm_70", "--exit-zero", "--output-format", "json")
    assert done.code == 0
    assert "RC401" not in [skip["code"] for skip in json.loads(done.out)["skipped"] if "machine" in skip["reason"]]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--driver", "abc"), "invalid driver version `abc`"),
        (("--gpu", "sm_999999"), "unknown GPU `sm_999999`"),
        (("--driver", "535", "--machine", "f.json"), "`--machine` beside `--driver` or `--gpu`"),
        (("--machine", "f.json"), "cannot read the fingerprint"),
    ],
)
def test_a_machine_that_cannot_be_read_is_an_error(
    reprocheck: Runner, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("audit", *arguments)
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {what}")


def test_explain_prints_a_page_by_code_or_name(reprocheck: Runner) -> None:
    by_code, by_name = reprocheck("explain", "rc301"), reprocheck("explain", "declared-twice")
    assert by_code.code == 0
    assert by_code.out == by_name.out
    assert by_code.out.startswith("RC301 declared-twice (")


def test_explain_lists_the_rules_and_refuses_unknown_ones(reprocheck: Runner) -> None:
    listed = reprocheck("explain").out.splitlines()
    assert listed[0].startswith("RC101  bracketed-comment")
    unknown = reprocheck("explain", "RC30")
    assert unknown.code == 2
    assert "did you mean" in unknown.err


@pytest.mark.parametrize("name", ["folder", "nowhere.txt", "circle.txt"])
def test_a_name_that_leads_to_no_file_does_not_pass(reprocheck: Runner, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle.txt").symlink_to("circle.txt")
    done = reprocheck("check", name)
    assert (done.code, done.out) == (2, "")
    assert f"where: {name}" in done.err


@pytest.mark.parametrize("format_name", ["full", "concise", "json", "github"])
def test_credentials_reach_no_report(reprocheck: Runner, tmp_path: Path, format_name: str) -> None:
    url = "https://bob:hunter2@host/t/tk-secret/ch"
    text = f"channels:\n  - {url}  # [foo]\ndependencies:\n  - {url}::pytorch=2.6\n  - pip:\n    - torch==2.4.1\n"
    write(tmp_path, text)
    done = reprocheck("check", "--output-format", format_name)
    assert done.code == 1
    assert "host/t/<token>/ch::pytorch=2.6" in done.out
    assert not any(secret in done.out + done.err for secret in ("hunter2", "tk-secret"))


def test_an_unknown_platform_is_refused_and_a_known_one_is_not(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, CLEAN)
    done = reprocheck("audit", "--platform", "linux64")
    assert (done.code, done.out) == (2, "")
    assert "did you mean `linux-64`?" in done.err
    assert reprocheck("audit", "--platform", "linux-64", "--select", "RC301").code == 0

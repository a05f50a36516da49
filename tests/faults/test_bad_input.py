"""Broken locks and environments that cannot be met: exit code 2, every fault told at once, the old lock as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

KEEP = "move it away, then `reprocheck lock` writes a new one, or name another with `--lockfile`"


@pytest.mark.parametrize("version", ["2", "3", "99", "1.1", "one"])
@pytest.mark.parametrize("command", ["lock", "check"])
def test_a_lock_of_a_future_version_is_refused_and_kept(project: Any, command: str, version: str) -> None:
    path = project.folder / "conda-lock.yml"
    path.write_text(path.read_text().replace("version: 1\n", f"version: {version}\n", 1))
    before = project.files
    done = project.run(command, cwd=project.folder)
    line = before["conda-lock.yml"].decode().splitlines().index(f"version: {version}") + 1
    assert (done.code, done.out, project.files) == (2, "", before)
    assert done.err.startswith(
        f"error: lock format version `{version}` is unknown\n"
        f"  where: conda-lock.yml:{line}, version\n"
        "  why:   this release reads version `1`\n"
    )
    assert (KEEP in done.err) == (command == "lock")


@pytest.mark.parametrize(
    ("found", "put", "what"),
    [
        ("  url: ", "  link: ", "package entry is broken"),
        ("  manager: conda", "  manager: condo", "package entry is broken"),
        ("package:", "\tpackage:", "tab in the indentation"),
        ("- name: numpy", "-- name: numpy", "not valid YAML: mapping values are not allowed in this context"),
        ("metadata:", "meta:", "file is no conda-lock file: `metadata` is missing"),
    ],
)
def test_a_lock_that_was_edited_into_nonsense_is_refused_and_kept(
    project: Any, found: str, put: str, what: str
) -> None:
    path = project.folder / "conda-lock.yml"
    path.write_text(path.read_text().replace(found, put, 1))
    before = project.files
    done = project.lock()
    assert (done.code, done.out, project.files) == (2, "", before)
    assert done.err.splitlines()[0] == f"error: {what}"
    assert done.err.splitlines()[-1] == f"  how:   {KEEP}"  # and no way that leads back here


def test_several_faults_of_a_lock_end_in_a_way_out_too(project: Any) -> None:
    path = project.folder / "conda-lock.yml"
    path.write_text(path.read_text().replace("  url: ", "  link: "))
    before = project.files
    done = project.lock()
    assert (done.code, project.files) == (2, before)
    assert KEEP in done.err
    assert "write it anew with `reprocheck lock`" not in done.err  # which is what just failed


@pytest.mark.parametrize(
    ("asked", "near"),
    [("nunpy", "numpy"), ("torchlik", "torchlike"), ("cudalik", "cudalike"), ("pyton", "python"), ("greddy", "greedy")],
)
def test_a_name_that_is_nowhere_gets_the_nearest_one_named(project: Any, asked: str, near: str) -> None:
    before = project.files
    project.ask_for("numpy", asked)
    done = project.lock()
    assert (done.code, done.out, project.files) == (2, "", before)
    told = done.err.splitlines()
    assert told[0] == f"error: package `{asked}` does not exist for linux-64, osx-arm64, win-64"
    assert told[1].startswith("  where: environment.yml:5")
    assert told[3:] == [f"  how:   did you mean `{near}`?"]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ((), []),
        (("numpy",), []),
        (("greedy", "tidy"), ["error: no solution for linux-64"]),
        (("numpy 3.*",), ["error: no solution for linux-64"]),
        (("nunpy",), ["error: package `nunpy` does not exist for linux-64, osx-arm64, win-64"]),
    ],
)
def test_a_package_that_one_platform_lacks_is_named_with_it_and_the_others_are_tried(
    project: Any, others: tuple[str, ...], told: list[str]
) -> None:
    before = project.files
    project.ask_for("onlylinux", *others)
    done = project.lock()
    assert (done.code, done.out, project.files) == (2, "", before)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert errors == [*told, "error: package `onlylinux` does not exist for osx-arm64, win-64"]
    assert "  how:   leave out the platform, or add `# [linux]` to keep it for linux-64 only\n" in done.err


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("greedy", "tidy"), "no builds meet `greedy`, `tidy` together"),
        (("numpy 3.*",), "no build meets `numpy 3.*`"),
        (("tidy", "numpy >=2"), "no builds meet `tidy`, `numpy >=2` together"),
        (("python 3.11.*", "python 3.12.*"), "no builds meet `python 3.11.*`, `python 3.12.*` together"),
        (("cudalike",), "no build meets `cudalike`"),
    ],
)
def test_specs_that_clash_are_named_for_every_platform(project: Any, asked: tuple[str, ...], why: str) -> None:
    before = project.files
    project.ask_for("torchlike", *asked)
    done = project.lock()
    assert (done.code, done.out, project.files) == (2, "", before)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert errors == ["error: no solution for linux-64, osx-arm64, win-64"]
    assert done.err.count(f"  why:   {why}\n") == 1


@pytest.mark.parametrize("text", ["", '{"packages": {"a-1', "<html>busy</html>", "[]", "\x00\x01"])
def test_channel_data_that_is_broken_is_undecided_and_the_channel_is_named(
    project: Any, tmp_path: Path, text: str
) -> None:
    before = project.files
    channel = tmp_path / "broken"
    for subdir, data in (("noarch", json.dumps({"info": {}, "packages": {}})), ("linux-64", text)):
        (channel / subdir).mkdir(parents=True)
        (channel / subdir / "repodata.json").write_text(data)
    done = project.lock("-c", channel.as_uri(), "-p", "linux-64")
    assert (done.code, done.out, project.files) == (3, "", before)
    assert done.err.splitlines()[0] == f"error: channel data of `{channel.as_uri()}` is broken"

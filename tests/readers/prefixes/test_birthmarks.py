"""Where an environment was made: what the first lines of its scripts and the mark of `create` tell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.model.prefixes import MADE_MARK, Birthmark, OwnedFile, Prefix
from reprocheck.readers.prefixes.birthmarks import MOST_SCRIPTS, find_birthmarks
from reprocheck.readers.prefixes.installed import read_prefix
from tests.rules.short_prefix import short_prefix

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts for Windows are programs")

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
OLD = "/srv/old/bin/python3.11"


def environment(*paths: str, manager: str = "pip") -> Prefix:
    head = "- pip linux-64 tool 1.0, by pip" if manager == "pip" else "- conda linux-64 tool 1.0 0"
    return short_prefix("\n".join([head, *(f"  - {path}" for path in paths)]))[0]


@pytest.fixture
def root(tmp_path: Path, write: Write) -> Path:
    return write(tmp_path / "env", {"pyvenv.cfg": ""})


@pytest.mark.parametrize(
    ("text", "python"),
    [
        (f"#!{OLD}\nimport sys\n", OLD),
        (f"#!{OLD} -E\n", OLD),
        (f"#! {OLD}\r\n", OLD),
        (f"#!{OLD}", OLD),
        ("#!/srv/my envs/bin/python\n", "/srv/my envs/bin/python"),
        ("#!/srv/old/bin/python3.13t\n", "/srv/old/bin/python3.13t"),
        ("#!/bin/sh\n'''exec' \"/srv/my envs/bin/python3\" \"$0\" \"$@\"\n' '''\n", "/srv/my envs/bin/python3"),
        ("#!/bin/sh\n'''exec' '/srv/my envs/bin/pypy3' \"$0\" \"$@\"\n' '''\n", "/srv/my envs/bin/pypy3"),
        (f"#!/bin/sh\n'''exec' {OLD} \"$0\" \"$@\"\n' '''\n", OLD),
        ('#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/\'python\' "$0" "$@"\n', None),
        ("#!/usr/bin/env python3\n", None),
        ("#!/bin/sh\nexec /srv/old/bin/python3 x\n", None),
        ("#!/srv/old/bin/pythonic\n", None),
        ("#!python\n", None),
        (f"# {OLD}\n", None),
        ("#!/srv/a\0b/bin/python\n", None),
        ("", None),
    ],
)
def test_a_script_tells_the_python_that_it_starts_by_a_whole_path(
    root: Path, write: Write, text: str, python: str | None
) -> None:
    write(root, {"bin/tool": text})
    told = () if python is None else (Birthmark("bin/tool", python, "missing"),)
    assert find_birthmarks(root, environment("bin/tool")) == told


def test_whose_python_it_is_depends_on_its_folder_and_not_on_what_it_links_to(
    root: Path, write: Write, tmp_path: Path
) -> None:
    write(tmp_path / "other", {"pyvenv.cfg": "", "bin/python": ""})
    (root / "bin").mkdir()
    (root / "bin" / "python").symlink_to(tmp_path / "other" / "bin" / "python")
    (tmp_path / "link").symlink_to(root)
    named = {"a": root / "bin/python", "b": tmp_path / "link/bin/python", "c": tmp_path / "other/bin/python"}
    named["d"] = root / "bin/python9"  # its Python is gone, and yet it is its own
    write(root, {f"bin/{name}": f"#!{python}\n" for name, python in named.items()})
    for folder in (root, tmp_path / "link"):
        found = find_birthmarks(folder, environment(*(f"bin/{name}" for name in named)))
        assert [mark.starts for mark in found] == ["this", "this", "other", "this"]


def test_few_scripts_are_read_and_only_those_into_which_a_path_was_written(root: Path, write: Write) -> None:
    names = [f"bin/t{number}" for number in range(9)]
    write(root, dict.fromkeys([*names, "lib/t"], f"#!{OLD}\n"))
    assert len(find_birthmarks(root, environment(*names, "lib/t"))) == MOST_SCRIPTS
    assert find_birthmarks(root, environment("lib/t")) == ()
    assert find_birthmarks(root, environment(*names, manager="conda")) == ()  # of the size that the archive has
    (record,) = environment(manager="conda").conda
    listed = replace(record, files=(OwnedFile("bin/t0"), OwnedFile("bin/t1", "link")))
    prefix = replace(environment(), distributions=(), conda=(listed,))
    assert find_birthmarks(root, prefix) == (Birthmark("bin/t0", OLD, "missing"),)


def test_what_cannot_be_read_tells_nothing(root: Path, write: Write) -> None:
    write(root, {"bin/long": f"#!{OLD}\n{' ' * (1 << 16)}", MADE_MARK: "no JSON"})
    os.mkfifo(root / "bin" / "fifo")
    assert find_birthmarks(root, environment("bin/long", "bin/fifo", "bin/gone")) == ()


@pytest.mark.parametrize("made", ["3", '"/srv/\\u0000"', "null"])
def test_a_mark_without_a_path_tells_nothing(root: Path, write: Write, made: str) -> None:
    write(root, {MADE_MARK: f'{{"prefix": {made}}}'})
    assert find_birthmarks(root, environment()) == ()


def test_the_mark_of_create_tells_where_it_was_made(root: Path, write: Write, tmp_path: Path) -> None:
    def told(made: Path) -> list[str]:
        write(root, {MADE_MARK: json.dumps({"prefix": str(made)})})
        return [mark.starts for mark in find_birthmarks(root, environment())]

    (tmp_path / "link").symlink_to(root)
    assert told(root) == told(tmp_path / "link") == ["this"]
    assert told(tmp_path) == ["other"]
    assert told(tmp_path / "gone") == ["missing"]


def test_a_real_environment_of_conda_tells_that_it_was_copied(whole_prefix: Path, tmp_path: Path) -> None:
    def told(root: Path) -> set[str]:
        return {mark.starts for mark in find_birthmarks(root, read_prefix(root, "env", "linux-64"))}

    assert told(whole_prefix) == {"this"}
    assert told(Path(shutil.copytree(whole_prefix, tmp_path / "copy", symlinks=True))) == {"other"}


def test_a_real_virtual_environment_tells_that_it_was_moved(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "my env")], check=True, timeout=120)
    (tmp_path / "my env").rename(tmp_path / "moved")
    found = find_birthmarks(tmp_path / "moved", read_prefix(tmp_path / "moved", "moved", "linux-64"))
    assert {mark.starts for mark in found} == {"missing"}
    assert found[0].python.startswith(str(tmp_path / "my env" / "bin" / "python"))

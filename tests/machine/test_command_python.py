from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reprocheck.machine.command_python import python_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts name their interpreter on POSIX only")
HERE = Path(sys.executable)


def script(folder: Path, text: str, name: str = "torchrun") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_python_is_itself(tmp_path: Path) -> None:
    assert python_of([str(HERE), "train.py"]) == HERE
    assert python_of([str(tmp_path / "python"), "train.py"]) is None


def test_a_bare_name_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python3").symlink_to(HERE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert python_of(["python3", "train.py"]) == tmp_path / "python3"
    assert python_of([script(tmp_path, "#!/usr/bin/env python3\n")]) == tmp_path / "python3"
    assert python_of([script(tmp_path, "#!/usr/bin/env -S A=1 python3 -u\n")]) == tmp_path / "python3"


@pytest.mark.parametrize(
    "head",
    ["#!{}\n", "#! {} -E\n", "#!/bin/sh\n'''exec' {} \"$0\" \"$@\"\n' '''\n", "#!/bin/sh\n'''exec' \"{}\" \"$0\"\n"],
)
def test_a_script_names_its_python(tmp_path: Path, head: str) -> None:
    assert python_of([script(tmp_path, head.format(HERE)), "train.py"]) == HERE


@pytest.mark.parametrize(
    "head", ["", "#!/bin/bash\npython train.py\n", "#!/usr/bin/env\n", "\x7fELF", "#!/nowhere/python\n"]
)
def test_another_program_names_none(tmp_path: Path, head: str) -> None:
    assert python_of([script(tmp_path, head, "run")]) is None


def test_a_program_that_is_not_there_or_may_not_be_read_names_none(tmp_path: Path) -> None:
    assert python_of([str(tmp_path / "run")]) is None
    path = Path(script(tmp_path, "#!/bin/sh\n"))
    path.chmod(0o111)
    if not os.access(path, os.R_OK):
        assert python_of([str(path)]) is None

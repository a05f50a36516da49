from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UndecidedError
from reprocheck.workflows.command_fingerprint import CommandFingerprint

HERE = Path(sys.executable)


def test_a_python_of_the_same_folder_is_the_one_that_was_asked() -> None:
    document, python = CommandFingerprint([str(HERE), "train.py"], None).result(HERE.parent / "python3")
    assert python == HERE
    assert document["schema"] == "reprocheck/fingerprint/1"


@pytest.mark.skipif(os.name == "nt", reason="needs `sh`")
def test_the_run_itself_names_the_python_behind_a_shell() -> None:
    _, python = CommandFingerprint(["sh", "run.sh"], None).result(HERE)
    assert python == HERE


def test_a_python_that_was_given_stays_whatever_the_run_says(tmp_path: Path) -> None:
    _, python = CommandFingerprint(["sh", "run.sh"], HERE).result(tmp_path / "python")
    assert python == HERE


def test_a_python_that_nobody_knows_is_told() -> None:
    with pytest.raises(UndecidedError) as caught:
        CommandFingerprint(["sh", "run.sh"], None).result(None)
    assert caught.value.lines() == [
        "error: it is not known which Python ran the command",
        "  where: the command after `--`",
        "  why:   a record holds the packages of that Python",
        "  how:   name it by `--python`",
    ]


def test_a_python_that_cannot_be_looked_into_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a Python interpreter"):
        CommandFingerprint(["sh", "run.sh"], tmp_path / "python")

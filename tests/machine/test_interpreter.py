"""`--python`: what is an interpreter, and what is not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UndecidedError
from reprocheck.machine.interpreter import require_interpreter

posix_only = pytest.mark.skipif(os.name == "nt", reason="POSIX shell scripts play the programs")


def script(folder: Path, body: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def complaint(python: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        require_interpreter(python)
    return caught.value.lines()


def test_the_running_interpreter_is_one() -> None:
    require_interpreter(Path(sys.executable))


def test_a_missing_program_is_told() -> None:
    assert complaint(Path("no/such/python")) == [
        "error: `no/such/python` is not a Python interpreter",
        "  where: --python",
        "  why:   there is no such program",
        "  how:   give the path of an environment's `python`, for example `.venv/bin/python`",
    ]


@posix_only
def test_a_folder_may_not_be_run(tmp_path: Path) -> None:
    assert complaint(tmp_path)[2] == "  why:   it may not be run"


@posix_only
@pytest.mark.parametrize("body", ["exit 0", "echo python three five", "echo python 3 11 9", "exit 3"])
def test_another_program_is_not_one(tmp_path: Path, body: str) -> None:
    assert complaint(script(tmp_path, body))[2] == "  why:   it did not answer as Python does"


@posix_only
@pytest.mark.parametrize("body", ["echo python 3 8", "echo 'Unknown option: -I' >&2; exit 2"], ids=["3.8", "2.7"])
def test_an_old_python_is_too_old(tmp_path: Path, body: str) -> None:
    python = script(tmp_path, body)
    assert complaint(python) == [
        f"error: `{python}` is too old a Python",
        "  where: --python",
        "  why:   reprocheck can look into Python 3.9 and later",
        "  how:   give the interpreter of a newer environment",
    ]


@posix_only
def test_one_that_hangs_leaves_the_question_open(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="does not answer"):
        require_interpreter(script(tmp_path, "sleep 30"), deadline_s=0.5)

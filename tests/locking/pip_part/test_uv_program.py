"""uv is found, says its version, and is missed in words that help."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.errors import UndecidedError
from reprocheck.locking.pip_part.uv_program import find_uv, run_uv, uv_environment, uv_version


def test_uv_is_found_and_tells_its_version() -> None:
    program = find_uv()
    assert Path(program).is_file()
    assert uv_version(program)[0].isdigit()


def test_a_program_without_a_version_is_of_an_unknown_one(tmp_path: Path) -> None:
    assert uv_version(str(tmp_path / "uv")) == "unknown"


def test_a_program_that_does_not_start_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        run_uv([str(tmp_path / "uv")], uv_environment(os.environ), 5.0)
    assert caught.value.lines() == [
        "error: uv could not be run",
        f"  where: {tmp_path / 'uv'}",
        "  why:   no such program",
        "  how:   install it anew",
    ]

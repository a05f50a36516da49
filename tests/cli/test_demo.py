"""The demo plays the whole story, offline, and every scene ends as it should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.ddp
def test_the_story_goes_as_it_should(reprocheck: Runner, tmp_path: Path) -> None:
    done = reprocheck("demo", "--keep", "play")
    assert "this went otherwise" not in done.err
    assert done.code == 0, done.out + done.err
    assert [line for line in done.out.splitlines() if line.startswith("exit code")] == [
        "exit code 1",
        "exit code 0",
        "exit code 1",
        "exit code 0",
        "exit code 0",
        "exit code 0",
        "exit code 0",
        "exit code 1",
    ]
    for name in (
        "conda-lock.yml",
        "conda-linux-64.lock",
        "conda-osx-arm64.lock",
        "conda-win-64.lock",
        "reprocheck.json",
    ):
        assert (tmp_path / "play" / name).is_file()
    assert "RC301" in done.out
    assert "RC401" in done.out
    assert "bitwise" in done.out


def test_a_folder_that_exists_is_not_played_in(reprocheck: Runner, tmp_path: Path) -> None:
    (tmp_path / "play").mkdir()
    done = reprocheck("demo", "--keep", "play")
    assert done.code != 0
    assert list((tmp_path / "play").iterdir()) == []

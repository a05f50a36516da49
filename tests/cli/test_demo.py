"""The demo plays the whole story, offline, and every scene ends as it should."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]


CODES = {
    "check": [1],
    "lock": [0],
    "audit --platform": [1],
    "why": [0],
    "create": [0, 0],
    "audit --prefix": [0, 1, 0],
    "fingerprint": [0],
    "record": [0],
    "verify": [0, 1],
}


def codes_in(story: str) -> dict[str, list[int]]:
    """Return the exit codes by command; of `audit` there are two kinds."""
    found: dict[str, list[int]] = {}
    for words, code in re.findall(r"^\$ reprocheck (audit --\w+|\w+)(?s:.*?)^exit code (\d+)$", story, re.MULTILINE):
        found.setdefault(words, []).append(int(code))
    return found


@pytest.mark.slow
@pytest.mark.ddp
def test_the_story_goes_as_it_should_and_leaves_nothing_elsewhere(reprocheck: Runner, tmp_path: Path) -> None:
    places = {name: tmp_path / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "RATTLER_CACHE_DIR")}
    for place in places.values():
        place.mkdir()
    done = reprocheck("demo", "--keep", "play", env={name: str(place) for name, place in places.items()})
    assert "this went otherwise" not in done.err
    assert done.code == 0, done.out + done.err
    codes = codes_in(done.out)
    assert codes.pop("doctor")[0] in (0, 1, 3)  # as the machine is
    assert codes == CODES
    for name in (
        "conda-lock.yml",
        "conda-linux-64.lock",
        "conda-osx-arm64.lock",
        "conda-win-64.lock",
        "reprocheck.json",
    ):
        assert (tmp_path / "play" / name).is_file()
    for told in ("RC301", "RC401", "conda's `libblas 3.9.0`", "conda's `networkx 3.4.2`", "2 repaired", "bitwise"):
        assert told in done.out
    left = [path.name for place in places.values() for path in place.iterdir()]
    assert [name for name in left if not name.startswith("torchinductor_")] == []  # that one is torch's own


def test_a_folder_that_exists_is_not_played_in(reprocheck: Runner, tmp_path: Path) -> None:
    (tmp_path / "play").mkdir()
    done = reprocheck("demo", "--keep", "play")
    assert done.code != 0
    assert list((tmp_path / "play").iterdir()) == []

"""Where channel data is kept, and how much of it is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.locking.solving.cache_growth import CacheGrowth, default_cache_folder


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"RATTLER_CACHE_DIR": "/c", "HOME": "/h"}, "/c/repodata"),
        ("linux", {"HOME": "/h"}, "/h/.cache/rattler/cache/repodata"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/rattler/cache/repodata"),
        ("darwin", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/h/Library/Caches/rattler/cache/repodata"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/rattler/cache/repodata"),
    ],
)
def test_the_folder_is_the_one_of_rattlers_programs(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    found = default_cache_folder(environment)
    assert found is not None
    assert found.as_posix() == expected
    assert default_cache_folder({}) is None


def test_only_what_came_since_is_counted(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x" * 3_000_000)
    growth = CacheGrowth(tmp_path)
    assert growth.text() == ""
    (tmp_path / "new").write_bytes(b"x" * 2_500_000)
    assert (growth.size_bytes(), growth.text()) == (2_500_000, ", 2 MB")
    (tmp_path / "old").write_bytes(b"x" * 4_000_000)
    assert growth.text() == ", 6 MB"


def test_no_folder_is_no_growth(tmp_path: Path) -> None:
    assert CacheGrowth(None).text() == ""
    assert CacheGrowth(tmp_path / "none").text() == ""

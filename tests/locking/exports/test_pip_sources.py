"""Where a pip package comes from is read off its URL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.exports.pip_sources import Archive, Folder, PipSource, Repository, pip_source
from reprocheck.model.locks import LockedPackage

COMMIT = "0106aced5faa299e6ede89d1230bd6784f2c3660"
SHA = "f" * 64


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (
            "https://h.invalid/a-1-py3-none-any.whl",
            Archive(url="https://h.invalid/a-1-py3-none-any.whl", sha256=SHA, is_wheel=True),
        ),
        ("https://h.invalid/a.tar.gz#sha256=00", Archive(url="https://h.invalid/a.tar.gz", sha256=SHA, is_wheel=False)),
        ("$INDEX/a-1-py3-none-any.whl", Archive(url="$INDEX/a-1-py3-none-any.whl", sha256=SHA, is_wheel=True)),
        ("./own", Folder(path="./own")),
        (
            f"git+https://h.invalid/a.git@{COMMIT}",
            Repository(kind="git", url="https://h.invalid/a.git", revision=COMMIT),
        ),
        (
            f"git+https://h.invalid/a?rev=main#{COMMIT}",
            Repository(kind="git", url="https://h.invalid/a", revision=COMMIT),
        ),
        ("git+ssh://git@h.invalid/a", Repository(kind="git", url="ssh://git@h.invalid/a", revision=None)),
        ("git+ssh://git@h.invalid/a@v1", Repository(kind="git", url="ssh://git@h.invalid/a", revision="v1")),
        (
            "hg+https://h.invalid/a@v1#subdirectory=python",
            Repository(kind="hg", url="https://h.invalid/a", revision="v1", folder="python"),
        ),
    ],
)
def test_a_url_tells_the_source(url: str, source: PipSource, package: Callable[..., LockedPackage]) -> None:
    assert pip_source(package("a", manager="pip", build=None, url=url, sha256=SHA)) == source


def test_a_repository_is_written_as_pip_reads_it() -> None:
    plain = Repository(kind="git", url="https://h.invalid/a", revision=None)
    pinned = Repository(kind="git", url="https://h.invalid/a", revision=COMMIT, folder="python")
    assert plain.requirement == "git+https://h.invalid/a"
    assert pinned.requirement == f"git+https://h.invalid/a@{COMMIT}#subdirectory=python"


def test_only_a_whole_hash_is_a_commit() -> None:
    commits = [Repository(kind="git", url="u", revision=text).commit for text in (COMMIT, "v1", COMMIT[:12], None)]
    assert commits == [COMMIT, None, None, None]

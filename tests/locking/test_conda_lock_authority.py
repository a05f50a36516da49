"""conda-lock takes our locks for its own: the same packages, the same explicit file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conda_lock.conda_lock import render_lockfile_for_platform
from conda_lock.lockfile import parse_conda_lock_file

from reprocheck.locking.conda_lock_authority import confirm_lock
from reprocheck.locking.conda_lock_format import format_lock
from reprocheck.locking.exports.explicit_file import explicit_name, format_explicit
from reprocheck.locking.exports.installation_order import packages_to_install
from reprocheck.model.locks import Lock, LockedPackage


@pytest.fixture
def lock(package: Callable[..., LockedPackage], tmp_path: Path) -> Lock:
    return Lock(
        path=(tmp_path / "conda-lock.yml").as_posix(),
        platforms=("linux-64", "win-64"),
        channels=("conda-forge",),
        content_hash=(("linux-64", "a"), ("win-64", "b")),
        sources=("environment.yml",),
        custom_metadata=(),
        packages=(
            package("alpha", dependencies=(("zeta", ">=1"), ("__glibc", ">=2.17"))),
            package("zeta"),
            package("alpha", platform="win-64"),
            package("unhashed", md5=None),
        ),
    )


def written(lock: Lock) -> Path:
    Path(lock.path).write_bytes(format_lock(lock))
    return Path(lock.path)


def test_conda_lock_reads_every_package_as_it_was_meant(lock: Lock) -> None:
    confirm_lock(written(lock), lock)


def test_a_file_that_says_something_else_is_a_bug(lock: Lock) -> None:
    path = written(lock)
    other = replace(lock, packages=(replace(lock.packages[0], version="2"), *lock.packages[1:]))
    with pytest.raises(AssertionError, match="conda-lock reads"):
        confirm_lock(path, other)
    with pytest.raises(AssertionError, match="conda-lock reads other packages"):
        confirm_lock(path, replace(lock, packages=lock.packages[1:]))


def test_the_explicit_file_is_what_conda_lock_renders(lock: Lock) -> None:
    lock = replace(lock, packages=lock.packages[:3])  # without a hash conda-lock writes a bare `#`, we do not
    path = written(lock)
    theirs = render_lockfile_for_platform(
        lockfile=parse_conda_lock_file(path),
        include_dev_dependencies=True,
        extras=set(),
        kind="explicit",
        platform="linux-64",
    )
    ours = format_explicit(lock, "linux-64", packages_to_install(lock, "linux-64")).decode()
    assert ours == "\n".join(theirs) + "\n"
    assert explicit_name("linux-64") == "conda-linux-64.lock"


def test_a_package_without_a_hash_gets_a_bare_url(lock: Lock) -> None:
    last = format_explicit(lock, "linux-64", lock.packages).decode().splitlines()[-1]
    assert last == "https://conda.anaconda.org/conda-forge/linux-64/unhashed-1.0-0.conda"

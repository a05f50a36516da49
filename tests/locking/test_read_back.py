"""A lock is read back by two readers, and what either of them misreads stops it from being written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.locking.conda_lock_format import format_lock
from reprocheck.locking.read_back import read_back
from reprocheck.model.locks import Lock, LockedPackage


@pytest.fixture
def lock(package: Callable[..., LockedPackage]) -> Lock:
    return Lock(
        path="conda-lock.yml",
        platforms=("linux-64",),
        channels=("conda-forge",),
        content_hash=(("linux-64", "a"),),
        sources=("environment.yml",),
        custom_metadata=(("reprocheck.cuda", "12.4"),),
        packages=(package("alpha", dependencies=(("zeta", ">=1"),)), package("zeta", version="1.10")),
    )


def test_what_was_written_is_what_is_read(lock: Lock) -> None:
    read_back(format_lock(lock), lock)


@pytest.mark.parametrize(
    ("meant", "misread"),
    [
        ("'1.10'", "1.10"),  # YAML reads a number; our own reader keeps the text
        ("version: 1\n", "version: 2\n"),
        ("conda-forge", "conda-forfe"),
        ("optional: false", "optional: 'false'"),
    ],
)
def test_bytes_that_a_reader_takes_otherwise_are_a_bug(meant: str, misread: str, lock: Lock) -> None:
    data = format_lock(lock).decode()
    assert meant in data
    with pytest.raises(Exception, match=r"than was written|format version `2` is unknown"):
        read_back(data.replace(meant, misread, 1).encode(), lock)


def test_another_lock_is_a_bug(lock: Lock) -> None:
    other = replace(lock, packages=(replace(lock.packages[0], sha256="0" * 64), *lock.packages[1:]))
    with pytest.raises(AssertionError, match="our own reader sees another lock than was written"):
        read_back(format_lock(other), lock)

"""What changed between two locks is told once for all platforms where it is the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from reprocheck.locking.differences.lock_changes import compare_locks, says_the_same
from reprocheck.model.locks import LockedPackage
from tests.locking.made_locks import made_lock

Packages = Callable[..., LockedPackage]
lock = functools.partial(made_lock, platforms=("linux-64", "win-64"), sources=("environment.yml",))


def test_equal_changes_are_grouped_by_platform(package: Packages) -> None:
    old = lock(package("a"), package("a", platform="win-64"), package("gone", platform="win-64"), package("kept"))
    new = lock(package("a", "2"), package("a", "2", platform="win-64", build="1"), package("new"), package("kept"))
    assert [(c.sign, c.name, c.old, c.new, c.platforms) for c in compare_locks(old, new)] == [
        ("~", "a", "1.0 0", "2 0", ("linux-64",)),
        ("~", "a", "1.0 0", "2 1", ("win-64",)),
        ("-", "gone", "1.0 0", None, ("win-64",)),
        ("+", "new", None, "1.0 0", ("linux-64",)),
    ]


def test_without_an_old_lock_everything_is_new(package: Packages) -> None:
    both = lock(package("a"), package("a", platform="win-64"), package("p", manager="pip", build=None))
    changes = compare_locks(None, both)
    assert [(c.sign, c.manager, c.new, c.platforms) for c in changes] == [
        ("+", "conda", "1.0 0", ("linux-64", "win-64")),
        ("+", "pip", "1.0", ("linux-64",)),
    ]


def test_tool_versions_order_and_lines_say_nothing_new(package: Packages) -> None:
    old = lock(
        package("a", line=7), package("b"), custom_metadata=(("reprocheck.tool.conda-lock", "4.0.2"), ("x", "1"))
    )
    new = lock(package("b"), package("a"), custom_metadata=(("x", "1"),), content_hash=(("linux-64", "h"),), path="p")
    assert says_the_same(old, new)


def test_a_hash_a_dependency_or_the_cuda_decision_says_something_new(package: Packages) -> None:
    old = lock(package("a"))
    assert not says_the_same(old, lock(package("a", sha256=None)))
    assert not says_the_same(old, lock(package("a", dependencies=(("b", ""),))))
    assert not says_the_same(old, replace(old, custom_metadata=(("reprocheck.cuda", "none"),)))

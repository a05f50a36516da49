"""Packages come in the order in which conda-lock installs and renders them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conda_lock.conda_lock import render_lockfile_for_platform
from conda_lock.lockfile import parse_conda_lock_file

from reprocheck.locking.exports.explicit_file import format_explicit
from reprocheck.locking.exports.installation_order import packages_to_install
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import read_lock

Packages = Callable[..., LockedPackage]


def names(*packages: LockedPackage, categories: frozenset[str] = frozenset({"main", "dev"})) -> list[str]:
    lock = Lock(
        path="l",
        platforms=("linux-64",),
        channels=(),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=packages,
    )
    return [package.name for package in packages_to_install(lock, "linux-64", categories)]


def needs(*wanted: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, "") for name in wanted)


def test_dependencies_come_first_and_each_layer_is_sorted(package: Packages) -> None:
    assert names(
        package("a", dependencies=needs("b", "c")),
        package("c"),
        package("b", dependencies=needs("c", "a-missing-one")),
        package("d", platform="win-64"),
    ) == ["c", "b", "a"]


def test_what_is_needed_but_not_locked_puts_a_package_into_a_later_layer(package: Packages) -> None:
    assert names(package("b"), package("a", dependencies=needs("__glibc"))) == ["b", "a"]


def test_a_circle_begins_with_the_package_that_waits_for_least(package: Packages) -> None:
    circle = (package("a", dependencies=needs("b", "c")), package("b", dependencies=needs("a")), package("c"))
    assert names(*circle) == ["c", "a", "b"]
    assert names(package("a", dependencies=needs("a"))) == ["a"]


def test_python_does_not_wait_for_pip(package: Packages) -> None:
    pair = (package("python", dependencies=needs("pip")), package("pip", dependencies=needs("python")))
    assert names(*pair) == ["python", "pip"]


def test_pip_packages_come_last_and_virtual_ones_not_at_all(package: Packages) -> None:
    pip = package("a", manager="pip", build=None)
    assert names(pip, package("z"), package("__cuda")) == ["z", "a"]
    assert names() == []


def test_categories_choose_and_an_entry_in_several_is_one(package: Packages) -> None:
    packages = (
        package("a", category="main"),
        package("b", category="dev"),
        package("b", category="docs"),
        package("c", category="docs", dependencies=needs("a")),
    )
    assert names(*packages) == ["a", "b"]
    assert names(*packages, categories=frozenset({"docs"})) == ["b", "c"]


@pytest.mark.filterwarnings("ignore")
def test_every_real_lock_is_rendered_as_conda_lock_renders_it(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "safe_load", lambda stream: yaml.load(stream, Loader=yaml.CSafeLoader))
    monkeypatch.setattr(logging.getLogger("conda_lock"), "disabled", True)
    compared = 0
    for path in sorted((shared / "corpus" / "conda-lock").rglob("*lock.yml")):
        lock = read_lock(path)
        try:
            theirs = parse_conda_lock_file(path)
        except ValueError:
            continue  # a lock of an old version that conda-lock 4 refuses
        for platform in lock.platforms:
            rendered = render_lockfile_for_platform(
                lockfile=theirs.model_copy(deep=True),
                include_dev_dependencies=True,
                extras=None,
                kind="explicit",
                platform=platform,
                suppress_warning_for_pip_and_explicit=True,
            )
            ours = format_explicit(lock, platform, packages_to_install(lock, platform))
            assert ours.decode().splitlines() == rendered, path
            compared += 1
    assert compared > 70

"""A lock holds together where every dependency of every package is locked beside it, in a fitting version."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from reprocheck.locking.judging.closure import unmet_dependencies
from reprocheck.model.locks import Lock, LockedPackage
from tests.locking.made_locks import made_lock

Packages = Callable[..., LockedPackage]


def told(found: Lock) -> list[tuple[str, str, str, str | None]]:
    return [
        (unmet.package.name, unmet.name, unmet.constraint, unmet.locked.version if unmet.locked else None)
        for unmet in unmet_dependencies(found)
    ]


@pytest.mark.parametrize("constraint", ["", "*", ">=1.20,<3.0a0", "1.26.*", "1.26.4", "1.26.4 py312_0", "* py312*"])
def test_a_constraint_that_fits_is_no_trouble(constraint: str, package: Packages) -> None:
    needs = (("numpy", constraint), ("__glibc", ">=2.17"))
    one = made_lock(package("scipy", dependencies=needs), package("numpy", "1.26.4", build="py312_0"))
    assert told(one) == []


@pytest.mark.parametrize("constraint", [">=2", "1.26", "1.26.4 py311_0", "* py311*", "<1.26.4"])
def test_a_constraint_that_does_not_fit_is_told_with_what_is_locked(constraint: str, package: Packages) -> None:
    one = made_lock(
        package("scipy", dependencies=(("numpy", constraint),)), package("numpy", "1.26.4", build="py312_0")
    )
    assert told(one) == [("scipy", "numpy", constraint, "1.26.4")]


def test_each_platform_is_a_world_of_its_own(package: Packages) -> None:
    needs = (("numpy", ">=1"),)
    one = made_lock(
        package("scipy", dependencies=needs), package("numpy"), package("scipy", platform="win-64", dependencies=needs)
    )
    assert told(one) == [("scipy", "numpy", ">=1", None)]


def test_what_a_pip_package_needs_may_come_from_conda(package: Packages) -> None:
    needs = (("torch", ">=99"), ("PyYAML", "*"), ("six", "*"), ("huggingface_hub", "*"), ("absent", ">=1"))
    pip = package("timm", manager="pip", dependencies=needs)
    hub = package("huggingface-hub", manager="pip")
    one = made_lock(pip, hub, package("pytorch"), package("pyyaml"), package("six"))
    assert told(one) == [("timm", "absent", ">=1", None)]


def test_an_unusual_constraint_is_asked_of_the_solver_and_an_unreadable_one_is_no_objection(package: Packages) -> None:
    odd = (("numpy", "=>2"), ("python", ">=3.11 <3.12"), ("jq", "^1.*$"))
    one = made_lock(
        package("scipy", dependencies=odd), package("numpy", "1.26.4"), package("python", "3.11"), package("jq")
    )
    assert told(one) == [("scipy", "numpy", "=>2", "1.26.4")]
    assert "rattler" in sys.modules

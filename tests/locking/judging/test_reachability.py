"""A package that nothing declared leads to was left behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.judging.reachability import unreachable_packages
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage
from tests.locking.made_locks import made_lock

Packages = Callable[..., LockedPackage]
Environments = Callable[..., EnvironmentFile]


def names(environment: EnvironmentFile, locked: Lock) -> list[tuple[str, str]]:
    return [(package.platform, package.name) for package in unreachable_packages(environment, locked)]


def test_dependencies_of_dependencies_are_reached_and_circles_end(environment: Environments, package: Packages) -> None:
    one = made_lock(
        package("scipy", dependencies=(("numpy", ">=1"), ("__glibc", ""))),
        package("numpy", dependencies=(("blas", "*"), ("absent", ""))),
        package("blas", dependencies=(("numpy", ""),)),
        package("lmdb", dependencies=(("libgcc", ""),)),
        package("libgcc"),
    )
    assert names(environment("scipy"), one) == [("linux-64", "lmdb"), ("linux-64", "libgcc")]


def test_a_selector_roots_a_package_on_its_platforms_only(environment: Environments, package: Packages) -> None:
    one = made_lock(package("jq"), package("jq", platform="win-64"))
    assert names(environment("jq  # [linux]"), one) == [("win-64", "jq")]
    pip = made_lock(package("six", manager="pip"), package("six", platform="win-64", manager="pip"), package("pip"))
    assert names(environment("pip:\n  - six  # [win]"), pip) == [("linux-64", "six")]


def test_pip_packages_lead_to_pip_and_to_conda_packages(environment: Environments, package: Packages) -> None:
    one = made_lock(
        package("pip", dependencies=(("python", ">=3"),)),
        package("python"),
        package("pytorch", dependencies=(("libtorch", "1.0"),)),
        package("libtorch"),
        package("timm", manager="pip", dependencies=(("torch", ""), ("Safe_Tensors", ""))),
        package("safe-tensors", manager="pip"),
        package("left-over", manager="pip"),
    )
    assert names(environment("pip: [timm]"), one) == [("linux-64", "left-over")]


@pytest.mark.parametrize("line", ["-r more.txt", "./tools", "-e .", "git+https://git.invalid/lab/tools.git@v1"])
def test_where_a_pip_line_leads_anywhere_no_pip_package_is_told(
    line: str, environment: Environments, package: Packages
) -> None:
    one = made_lock(package("pip"), package("left-over", manager="pip"), package("lmdb"))
    assert names(environment(f"pip: ['{line}']"), one) == [("linux-64", "lmdb")]

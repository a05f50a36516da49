"""An old lock hands down decisions and packages, and nothing that somebody decided otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.errors import UsageError
from reprocheck.facts.name_map import load_name_map, override_names
from reprocheck.locking.platforms import virtual_packages
from reprocheck.locking.relocking import inherit, machine_text, unmoved
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import Lock, LockedPackage

Environments = Callable[..., EnvironmentFile]
Packages = Callable[..., LockedPackage]


def request(**more: object) -> LockRequest:
    paths = {"environment_paths": (Path("environment.yml"),), "lock_path": Path("conda-lock.yml")}
    return LockRequest(**{**paths, **more})  # type: ignore[arg-type]


@pytest.fixture
def old(package: Packages) -> Callable[..., Lock]:
    """Make an old lock with `numpy`, `python` and a pip `rich`, and what it records."""

    def make(**custom: str) -> Lock:
        keys = {f"reprocheck.{key.replace('_', '-')}": value for key, value in custom.items()}
        return Lock(
            path="conda-lock.yml",
            platforms=("linux-64",),
            channels=(),
            content_hash=(),
            sources=(),
            custom_metadata=tuple(sorted(keys.items())),
            packages=(package("numpy"), package("python"), package("rich", manager="pip", url="https://x.invalid/r")),
        )

    return make


def test_without_an_old_lock_nothing_is_inherited(environment: Environments) -> None:
    found = inherit(None, environment("numpy"), request())
    assert (found.preferred, found.notes, found.request) == ((), (), request())


def test_decisions_stay_taken_and_are_said(environment: Environments, old: Callable[..., Lock]) -> None:
    found = inherit(old(cuda="12.4", exclude_newer="2023-06-02T00:00:00Z"), environment("numpy"), request())
    assert found.notes == (
        "CUDA `12.4`, as conda-lock.yml records it; `--cuda` decides anew",
        "platforms linux-64, as conda-lock.yml has them; `-p` chooses anew",
        "nothing newer than 2023-06-02T00:00:00Z, as conda-lock.yml records it; `--exclude-newer none` lifts that",
    )
    assert found.request == request(cuda="12.4", platforms=("linux-64",), exclude_newer="2023-06-02T00:00:00Z")


def test_what_the_request_decides_is_not_inherited(environment: Environments, old: Callable[..., Lock]) -> None:
    asked = request(cuda="none", platforms=("win-64",), exclude_newer="none")
    found = inherit(old(cuda="12.4", exclude_newer="2023-06-02T00:00:00Z"), environment("numpy"), asked)
    assert (found.request, found.notes) == (asked, ())


def test_a_file_of_machines_takes_the_cuda_decision_itself(environment: Environments, old: Callable[..., Lock]) -> None:
    asked = request(virtual_packages=Path("virtual-packages.yml"), platforms=("linux-64",))
    assert inherit(old(cuda="12.4"), environment("numpy"), asked).request.cuda is None


def names(packages: tuple[LockedPackage, ...]) -> list[str]:
    return [package.name for package in packages]


def test_every_package_may_stay_but_the_upgraded(environment: Environments, old: Callable[..., Lock]) -> None:
    declared = environment("numpy")
    assert names(inherit(old(), declared, request()).preferred) == ["numpy", "python", "rich"]
    assert names(inherit(old(), declared, request(upgraded=("NumPy",))).preferred) == ["python", "rich"]
    assert names(inherit(old(), declared, request(upgraded=("rich",))).preferred) == ["numpy", "python"]
    assert names(inherit(old(), declared, request(upgrade_all=True)).preferred) == []


def test_the_pypi_name_of_a_conda_package_moves_it_unless_it_is_locked_itself(
    environment: Environments, old: Callable[..., Lock], package: Packages
) -> None:
    """conda calls torch `pytorch`."""
    lock = replace(old(), packages=(package("numpy"), package("pytorch")))
    assert names(inherit(lock, environment("pytorch"), request(upgraded=("torch",))).preferred) == ["numpy"]
    both = replace(lock, packages=(*lock.packages, package("torch", manager="pip", url="https://x.invalid/t")))
    assert names(inherit(both, environment("pytorch"), request(upgraded=("torch",))).preferred) == ["numpy", "pytorch"]


def test_the_names_of_the_user_say_which_package_moves(
    environment: Environments, old: Callable[..., Lock], package: Packages
) -> None:
    lock = replace(old(), packages=(package("numpy"), package("corp-torch")))
    known = override_names(load_name_map(), {"corp-torch": ("torch",)})
    asked = request(upgraded=("torch",))
    assert names(inherit(lock, environment("corp-torch"), asked, known).preferred) == ["numpy"]


def test_another_bound_in_time_keeps_nothing_of_the_present(
    environment: Environments, old: Callable[..., Lock]
) -> None:
    declared, bound = environment("numpy"), "2023-06-02T00:00:00Z"
    assert names(inherit(old(), declared, request(exclude_newer="2023-06-01")).preferred) == []
    assert names(inherit(old(exclude_newer=bound), declared, request(exclude_newer=bound)).preferred) != []
    assert names(inherit(old(exclude_newer=bound), declared, request(exclude_newer="2023-06-01")).preferred) != []
    assert names(inherit(old(exclude_newer=bound), declared, request()).preferred) != []
    assert names(inherit(old(exclude_newer=bound), declared, request(exclude_newer="none")).preferred) != []


def test_upgrading_what_is_not_there_is_a_mistake_and_upgrading_what_is_declared_is_not(
    environment: Environments, old: Callable[..., Lock]
) -> None:
    with pytest.raises(UsageError) as caught:
        inherit(old(), environment("numpy"), request(upgraded=("nunpy",)))
    assert caught.value.lines() == [
        "error: package `nunpy` is neither locked nor declared",
        "  where: --upgrade-package",
        "  why:   `conda-lock.yml` holds no package of that name",
        "  how:   did you mean `numpy`?",
    ]
    assert inherit(None, environment("scipy"), request(upgraded=("scipy",))).preferred == ()
    with pytest.raises(UsageError, match="package `zzz` is neither locked nor declared"):
        inherit(None, environment("scipy"), request(upgraded=("zzz",)))


def test_packages_of_another_machine_are_no_measure(old: Callable[..., Lock]) -> None:
    cpu, gpu = virtual_packages("linux-64", None), virtual_packages("linux-64", "12.4")
    lock = old(**{"virtual-packages.linux_64": machine_text(cpu)})
    assert names(unmoved(lock.packages, lock, {"linux-64": cpu})) == ["numpy", "python", "rich"]
    assert names(unmoved(lock.packages, lock, {"linux-64": gpu})) == []
    silent = old()
    assert names(unmoved(silent.packages, silent, {"linux-64": cpu})) == ["numpy", "python", "rich"]
    assert names(unmoved(silent.packages, silent, {"linux-64": gpu})) == []
    assert unmoved((), None, {"linux-64": cpu}) == ()


def test_moving_one_package_needs_the_solver_that_can_hold_the_others(
    environment: Environments, old: Callable[..., Lock]
) -> None:
    with pytest.raises(UsageError) as caught:
        inherit(old(), environment("numpy"), request(upgraded=("numpy",), solver="conda-lock"))
    assert caught.value.what == "`-P numpy` needs the rattler solver"
    assert inherit(old(), environment("numpy"), request(upgrade_all=True, solver="conda-lock")).preferred == ()

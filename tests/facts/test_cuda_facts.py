"""Drivers, wheels, build strings and GPUs: values that people can look up, and what is not known stays unknown."""

from __future__ import annotations

import pytest

from reprocheck.facts.conda_builds import Flavour, flavour_of_build, flavour_of_pin
from reprocheck.facts.cuda_drivers import (
    branch_of,
    branches,
    bundled_driver,
    compat_cuda,
    first_branch_for,
    forward_compatibility,
    is_newer_than_known,
    is_older,
    newest_cuda,
    newest_known_cuda,
    newest_runnable,
    oldest_driver,
)
from reprocheck.facts.cuda_versions import Numbers, dotted, from_digits, numbers
from reprocheck.facts.tables import rows_of, text
from reprocheck.facts.torch_wheels import has_pypi_cuda, newest_torch, pypi_cuda, wheel_builds


@pytest.mark.parametrize(
    ("cuda", "linux", "windows"),
    [
        ((12, 6), "525.60.13", "527.41"),  # minor-version compatibility, not the 560.28.03 that 12.6 came with
        ((11, 8), "450.80.02", "452.39"),
        ((11, 0), "450.36.06", "451.22"),  # 11.0 itself asks for less than the later 11.x
        ((10, 2), "440.33", "441.22"),
        ((9, 2), "396.26", "397.44"),
        ((13, 5), "580", "580"),  # the row of 13.5 is of low confidence, the floor of the major is not
        ((12,), "525.60.13", "527.41"),
    ],
)
def test_the_oldest_driver_of_a_cuda(cuda: Numbers, linux: str, windows: str) -> None:
    on_linux, on_windows = oldest_driver(cuda, windows=False), oldest_driver(cuda, windows=True)
    assert on_linux is not None
    assert on_windows is not None
    assert (on_linux.driver, on_windows.driver) == (linux, windows)


def test_a_cuda_newer_than_the_table_has_no_floor() -> None:
    assert oldest_driver((14, 0), windows=False) is None
    assert oldest_driver((), windows=False) is None


@pytest.mark.parametrize(
    ("driver", "cuda"), [("470.57.02", (11, 4)), ("551.61", (12, 4)), ("565", (12, 7)), ("9999", (13, 4))]
)
def test_the_newest_cuda_of_a_driver(driver: str, cuda: Numbers) -> None:
    assert newest_cuda(driver) == cuda


def test_a_driver_older_than_the_table_brings_no_known_cuda() -> None:
    assert newest_cuda("340.108") is None


@pytest.mark.parametrize(
    ("torch", "platform", "cuda"),
    [
        ("2.6.0", "linux-64", (12, 4)),
        ("2.11.0", "linux-64", (13, 0)),
        ("2.11.0", "linux-aarch64", (13, 0)),
        ("2.6.0", "linux-aarch64", None),
        ("2.6.0", "win-64", None),
        ("2.6.0", "osx-arm64", None),
        ("99.0.0", "linux-64", None),
        ("1.8.2", "linux-64", None),  # never on PyPI
    ],
)
def test_the_cuda_of_an_unlabelled_wheel(torch: str, platform: str, cuda: Numbers | None) -> None:
    assert pypi_cuda(torch, platform) == cuda


def test_windows_has_no_cuda_on_pypi() -> None:
    assert not has_pypi_cuda("2.11.0", "win-64")


@pytest.mark.parametrize("row", rows_of("conda_builds", "grammar"), ids=lambda row: text(row, "id"))
def test_every_example_of_the_build_grammar_is_read(row: dict[str, list[str]]) -> None:
    for example in row["examples"]:
        flavour = flavour_of_build(example)
        assert flavour is not None
        assert (flavour.cuda is not None) == ("cu" in example)


@pytest.mark.parametrize(
    ("build", "flavour"),
    [
        ("cuda126_mkl_py312_h30b5a27_300", Flavour(cuda=(12, 6))),
        ("py3.7_cuda10.1.243_cudnn7.6.3_0", Flavour(cuda=(10, 1))),
        ("py37_cu92", Flavour(cuda=(9, 2))),
        ("cpu_mkl_py312_h446997d_101", Flavour(cuda=None)),
        ("py312h72c5963_0", None),
        ("h7e8668a_5", None),
    ],
)
def test_the_flavour_of_a_build_string(build: str, flavour: Flavour | None) -> None:
    assert flavour_of_build(build) == flavour


@pytest.mark.parametrize(
    ("pin", "flavour"),
    [
        ("*cuda126*", Flavour(cuda=(12, 6))),
        ("py3.9_cuda11.3_cudnn8.2.0_0", Flavour(cuda=(11, 3))),
        ("cpu*", Flavour(cuda=None)),
        ("*cpu*", Flavour(cuda=None)),
        ("py3.7_cpu_0", Flavour(cuda=None)),
        ("cuda12*", Flavour(cuda=(12,))),  # any CUDA 12
        ("*cuda*", None),  # some CUDA, nobody knows which
        ("py311*", None),
        ("*_cpython", None),  # CPython is no CPU build
    ],
)
def test_the_flavour_that_a_pin_asks_for(pin: str, flavour: Flavour | None) -> None:
    assert flavour_of_pin(pin) == flavour


def test_versions_are_numbers() -> None:
    assert numbers("12.6.77-1") == (12, 6, 77)
    assert numbers("nightly") == ()
    assert dotted((12, 6)) == "12.6"
    assert [from_digits(digits) for digits in ("126", "92", "11.3.1", "130")] == [(12, 6), (9, 2), (11, 3), (13, 0)]


@pytest.mark.parametrize(
    ("driver", "runs"),
    [("470.57.02", (11,)), ("450", (11,)), ("450.51.05", (11, 0)), ("418.39", (10, 1)), ("550.54.14", (12,))],
)
def test_what_a_driver_runs_at_most_is_a_whole_major_where_minor_compatibility_holds(
    driver: str, runs: tuple[int, ...]
) -> None:
    assert newest_runnable(driver, windows=False) == runs


def test_a_driver_older_than_the_table_runs_nothing_that_is_known() -> None:
    assert newest_runnable("1.0", windows=False) is None


@pytest.mark.parametrize(
    ("driver", "branch"),
    [
        ("525.60.13", 525),
        ("522.06", 520),  # Windows counts on inside a branch
        ("531.14", 530),
        ("537.13", 535),
        ("546.12", 545),
        ("551.78", 550),
        ("561.17", 560),
        ("566.36", 565),
        ("572.61", 570),
        ("577.00", 575),
        ("581.15", 580),
        ("591.44", 590),
        ("340.108", None),
        ("9999", 616),
    ],
)
def test_the_branch_of_a_driver(driver: str, branch: int | None) -> None:
    assert branch_of(driver) == branch


def test_a_driver_of_a_later_branch_is_newer_than_the_table() -> None:
    assert [is_newer_than_known(driver) for driver in ("616.29", "617.10", "620")] == [False, True, True]
    assert branches()[-1] == 616
    assert newest_known_cuda() == (13, 5)


@pytest.mark.parametrize(
    ("driver", "floor", "older"),
    [
        ("525.53", "525.60.13", True),
        ("525.60", "525.60.13", False),  # no more was told
        ("525", "525.60.13", False),  # a whole branch
        ("525", "527.41", False),  # 527 is of the branch 525 on Windows
        ("526", "527.41", True),
        ("520", "525.60.13", True),
        ("", "525.60.13", False),
    ],
)
def test_a_driver_is_compared_as_far_as_it_was_told(driver: str, floor: str, *, older: bool) -> None:
    assert is_older(driver, floor) is older


@pytest.mark.parametrize(
    ("compat", "driver", "stands"),
    [
        ((12, 9), "535.129.03", "supported"),
        ((13, 0), "570.124.06", "supported"),
        ((12, 8), "570.124.06", "own"),
        ((12, 4), "550.54.15", "own"),
        ((12, 4), "570.124.06", "older"),
        ((12, 9), "580.95.05", "older"),
        ((12, 9), "550.54.15", "no-target"),  # neither long-term nor in production any more
        ((14, 0), "535.129.03", None),
        ((13, 4), "640.10", None),
        ((12, 9), "340.108", None),
    ],
)
def test_how_cuda_compat_stands_to_a_driver(compat: Numbers, driver: str, stands: str | None) -> None:
    assert forward_compatibility(compat, driver) == stands


def test_the_cuda_of_a_compat_package_is_its_version_or_that_of_its_driver() -> None:
    versions = ("12.9.1", "575.57.08", "")
    assert [compat_cuda(version) for version in versions] == [(12, 9), (12, 9), ()]


def test_the_driver_that_came_with_a_cuda() -> None:
    assert bundled_driver((12, 4), windows=False) == "550.54.14"
    assert bundled_driver((13, 0), windows=True) is None
    assert first_branch_for((12, 8)) == 570
    assert first_branch_for((99, 0)) is None


def test_the_builds_of_a_release_are_those_known_for_sure() -> None:
    builds = dict(wheel_builds())
    assert builds["2.6.0"] == ("11.8", "12.4", "12.6")
    assert "1.8.2" not in builds  # of low confidence
    assert newest_torch() == (2, 15, 0)

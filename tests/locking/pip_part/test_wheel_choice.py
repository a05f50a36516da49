"""The wheel for a machine that is assumed, not the one that the lock is made on."""

from __future__ import annotations

import pytest

from reprocheck.errors import InputError
from reprocheck.locking.pip_part.wheel_choice import WheelTarget, choose_file, uv_platform, wheel_ranks
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.pylock_toml import PylockFile, PylockPackage


def target(platform: str = "linux-64", python: str = "3.11.9", **virtual: str) -> WheelTarget:
    packages = tuple(VirtualPackage(name=f"__{name}", version=version) for name, version in virtual.items())
    return WheelTarget(platform=platform, python=python, virtual_packages=packages)


def chosen(machine: WheelTarget, *tags: str, sdist: bool = False) -> str | None:
    files = [f"top-1.0-{tag}.whl" for tag in tags]
    package = PylockPackage(
        name="top",
        version="1.0",
        wheels=tuple(PylockFile(url=f"https://h/{file}", filename=file, sha256=None) for file in files),
        sdist=PylockFile(url="https://h/s", filename="top-1.0.tar.gz", sha256=None) if sdist else None,
    )
    file = choose_file(package, wheel_ranks(machine))
    return file.filename.removeprefix("top-1.0-").removesuffix(".whl") if file else None


@pytest.mark.parametrize(
    ("glibc", "tag"),
    [
        ("2.28", "cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64"),
        ("2.27", "cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64"),
        ("2.26", "cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64"),
        ("2.12", "cp311-cp311-manylinux2010_x86_64"),
        ("2.11", "cp311-cp311-manylinux1_x86_64"),
        ("2.4", "py3-none-any"),
    ],
)
def test_glibc_decides_on_the_manylinux_wheel(glibc: str, tag: str) -> None:
    tags = (
        "py3-none-any",
        "cp311-cp311-manylinux1_x86_64",
        "cp311-cp311-manylinux2010_x86_64",
        "cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64",
        "cp311-cp311-manylinux_2_28_aarch64",
        "cp311-cp311-musllinux_1_2_x86_64",
        "cp312-cp312-manylinux1_x86_64",
    )
    assert chosen(target(glibc=glibc), *tags) == tag


@pytest.mark.parametrize(
    ("macos", "tag"),
    [
        ("14.2", "cp311-cp311-macosx_14_0_arm64"),
        ("12.3", "cp311-cp311-macosx_12_0_arm64"),
        ("11.0", "cp311-cp311-macosx_11_0_universal2"),
    ],
)
def test_macos_decides_on_its_wheel(macos: str, tag: str) -> None:
    tags = [f"cp311-cp311-macosx_{version}" for version in ("14_0_arm64", "12_0_arm64", "11_0_universal2")]
    assert chosen(target("osx-arm64", osx=macos), *tags) == tag


def test_the_stable_abi_of_an_older_python_fits() -> None:
    assert chosen(target(glibc="2.28"), "cp38-abi3-manylinux2014_x86_64") == "cp38-abi3-manylinux2014_x86_64"
    assert chosen(target(glibc="2.28"), "cp312-abi3-manylinux2014_x86_64") is None


def test_old_pythons_have_the_m_of_their_abi() -> None:
    assert chosen(target(python="3.7.12"), "cp37-cp37m-manylinux1_x86_64") == "cp37-cp37m-manylinux1_x86_64"


def test_windows_wheels_fit_windows() -> None:
    assert chosen(target("win-64"), "cp311-cp311-win32", "cp311-cp311-win_amd64") == "cp311-cp311-win_amd64"


def test_of_equal_tags_the_newest_build_wins() -> None:
    assert chosen(target(), "2-py3-none-any", "10-py3-none-any", "py3-none-any") == "10-py3-none-any"


def test_the_source_archive_is_the_last_resort() -> None:
    assert chosen(target(), "py2-none-any", "py3-none-any", sdist=True) == "py3-none-any"
    assert chosen(target(), "cp39-cp39-win32", sdist=True) == "top-1.0.tar.gz"
    assert chosen(target(), "not-a-tag-at-all-here") is None


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (target(glibc="2.28"), "x86_64-manylinux_2_28"),
        (target(glibc="2.30"), "x86_64-manylinux_2_28"),
        (target(glibc="2.99"), "x86_64-manylinux_2_40"),
        (target(glibc="2.5"), "x86_64-manylinux_2_17"),
        (target(), "x86_64-manylinux_2_17"),
        (target("linux-aarch64", glibc="2.34"), "aarch64-manylinux_2_34"),
        (target("osx-64"), "x86_64-apple-darwin"),
        (target("osx-arm64"), "aarch64-apple-darwin"),
        (target("win-64"), "x86_64-pc-windows-msvc"),
    ],
)
def test_uv_has_its_own_names_of_platforms(machine: WheelTarget, name: str) -> None:
    assert uv_platform(machine) == name


def test_a_platform_that_uv_does_not_know_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        uv_platform(target("linux-ppc64le"))
    assert caught.value.lines() == [
        "error: the pip part cannot be resolved for linux-ppc64le",
        "  why:   uv knows no such platform",
        "  how:   leave out the platform, or add `# [linux64]` to the requirements that linux-ppc64le does without",
    ]


def test_a_target_says_what_is_assumed() -> None:
    assert str(target(glibc="2.28")) == "linux-64 with glibc 2.28"
    assert str(target("osx-64", osx="10.15")) == "osx-64 with macOS 10.15"
    assert str(target("win-64")) == "win-64"

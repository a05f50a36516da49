"""Which requirements of a project hold: by platform, by Python, by extra."""

from __future__ import annotations

import pytest

from reprocheck.readers.requires_dist import MarkerTarget, requirements_on

LINUX = MarkerTarget(platform="linux-64", python="3.11.9")


def names(*lines: str, extras: tuple[str, ...] = (), target: MarkerTarget = LINUX) -> list[str]:
    return [name for name, _ in requirements_on(lines, frozenset(extras), target)]


@pytest.mark.parametrize(
    ("marker", "platform"),
    [
        ("sys_platform == 'linux' and platform_machine == 'x86_64'", "linux-64"),
        ("sys_platform == 'linux' and platform_machine == 'aarch64'", "linux-aarch64"),
        ("platform_system == 'Darwin' and platform_machine == 'arm64'", "osx-arm64"),
        ("os_name == 'nt' and platform_machine == 'AMD64'", "win-64"),
    ],
)
def test_a_marker_holds_on_the_platform_that_it_names(marker: str, platform: str) -> None:
    assert names(f"a ; {marker}", target=MarkerTarget(platform=platform, python=None)) == ["a"]
    other = "osx-64" if platform != "osx-64" else "win-64"
    assert names(f"a ; {marker}", target=MarkerTarget(platform=other, python=None)) == []


def test_the_locked_python_decides_and_without_one_a_requirement_stays() -> None:
    line = "tomli>=1 ; python_version < '3.11' and python_full_version < '3.11.0'"
    assert names(line) == []
    assert names(line, target=MarkerTarget(platform="linux-64", python="3.10.4")) == ["tomli"]
    assert names(line, target=MarkerTarget(platform="linux-64", python=None)) == ["tomli"]


def test_what_nobody_knows_of_the_target_counts_as_met_and_this_machine_is_not_asked() -> None:
    assert names("a ; platform_release >= '99' and sys_platform == 'linux'", "b ; '3' < platform_version") == ["a", "b"]
    assert names("a ; platform_release >= '99' and sys_platform == 'win32'") == []
    assert names("a ; sys_platform == 'win32'", target=MarkerTarget(platform="zos-z", python="3.11.9")) == ["a"]
    assert names("a ; python_version ~= 'x'") == ["a"]


def test_an_extra_counts_only_where_it_was_asked_for() -> None:
    lines = ("a ; extra == 'x'", "b ; extra == 'x' or sys_platform == 'linux'", "c")
    assert names(*lines) == ["b", "c"]
    assert names(*lines, extras=("x",)) == ["a", "b", "c"]
    assert names(*lines, extras=("y",)) == ["b", "c"]


def test_the_constraint_comes_along_and_a_broken_line_still_names_its_project() -> None:
    assert requirements_on(["a[x]<2,>=1", "b (nonsense", "[[["], frozenset(), LINUX) == (("a", "<2,>=1"), ("b", ""))

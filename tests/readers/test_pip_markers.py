"""On which platforms a marker can hold."""

from __future__ import annotations

import pytest

from reprocheck.errors import InputError
from reprocheck.model.platform_selectors import KNOWN_SELECTORS, PLATFORMS
from reprocheck.readers.pip_markers import PLATFORM_MARKERS, platforms_of_marker, selectors_of_marker


@pytest.mark.parametrize(
    ("marker", "selectors"),
    [
        (None, (None,)),
        ("sys_platform == 'linux'", ("linux",)),
        ("sys_platform == 'darwin'", ("osx",)),
        ("'win32' == sys_platform", ("win",)),
        ("os_name == 'posix'", ("unix",)),
        ("platform_system != 'Windows'", ("unix",)),
        ("platform_machine == 'x86_64'", ("linux64", "osx64")),
        ("sys_platform == 'darwin' and platform_machine == 'arm64'", ("arm64",)),
        ("sys_platform != 'darwin'", ("linux64", "aarch64", "ppc64le", "win")),
        ("sys_platform == 'amiga'", ()),
        ("python_version < '3.9'", (None,)),
        ("python_version not in '2.7, 3.5'", (None,)),
        ("'3.9' > python_full_version and sys_platform == 'linux'", ("linux",)),
        ("extra == 'dev' or sys_platform == 'linux'", (None,)),
        ("(platform_python_implementation == 'PyPy' and os_name == 'nt')", ("win",)),
    ],
)
def test_a_marker_becomes_the_selectors_of_its_platforms(marker: str | None, selectors: tuple[str | None, ...]) -> None:
    assert selectors_of_marker(marker, "p") == selectors


@pytest.mark.parametrize("marker", ["sys_platform = 'linux'", "linux", "sys_platform ~= 'linux'", "python_version"])
def test_what_is_no_marker_is_a_clear_error(marker: str) -> None:
    with pytest.raises(InputError) as caught:
        platforms_of_marker(marker, "pyproject.toml:3:1")
    assert caught.value.what == f"`{marker}` is no environment marker"
    assert caught.value.where == "pyproject.toml:3:1"


def test_every_platform_has_its_markers_and_a_selector_of_its_own() -> None:
    assert PLATFORM_MARKERS.keys() == PLATFORMS
    assert all({platform} in KNOWN_SELECTORS.values() for platform in PLATFORMS)

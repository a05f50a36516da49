"""On which platforms an environment marker can hold, before anybody knows which Python will be there.

Source: PEP 508, "Environment Markers"; conda-lock 4.0.3, conda_lock/src_parser/markers.py: a clause about anything but
the platform counts as met.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from packaging.markers import Marker

from reprocheck.errors import InputError
from reprocheck.model.platform_selectors import KNOWN_SELECTORS, PLATFORMS

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
_WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}
PLATFORM_MARKERS: Final[Mapping[str, Mapping[str, str]]] = {
    "linux-64": {**_LINUX, "platform_machine": "x86_64"},
    "linux-aarch64": {**_LINUX, "platform_machine": "aarch64"},
    "linux-ppc64le": {**_LINUX, "platform_machine": "ppc64le"},
    "osx-64": {**_MACOS, "platform_machine": "x86_64"},
    "osx-arm64": {**_MACOS, "platform_machine": "arm64"},
    "win-64": {**_WINDOWS, "platform_machine": "AMD64"},
}
_OPERATOR = r"\s*(?:===|==|~=|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b)\s*"
_STRING = r"(?:\"[^\"]*\"|'[^']*')"
_UNKNOWN = (
    r"\b(?:python_version|python_full_version|implementation_name|implementation_version|platform_release"
    r"|platform_version|platform_python_implementation|extra)\b"
)
_UNKNOWN_CLAUSE = re.compile(f"{_UNKNOWN}{_OPERATOR}{_STRING}|{_STRING}{_OPERATOR}{_UNKNOWN}")
_MET = "os_name != ''"


def platforms_of_marker(marker: str, where: str) -> frozenset[str]:
    """Return the platforms on which `marker` can hold.

    Raises:
        InputError: no marker; `where` is its place.
    """
    try:
        parsed = Marker(_UNKNOWN_CLAUSE.sub(_MET, marker))
        return frozenset(name for name in PLATFORMS if parsed.evaluate(dict(PLATFORM_MARKERS[name])))
    except ValueError as error:
        raise InputError(
            f"`{marker}` is no environment marker",
            where=where,
            why="a marker reads like `sys_platform == 'linux'` (PEP 508)",
            how="correct or remove it",
        ) from error


def selectors_of_marker(marker: str | None, where: str) -> tuple[str | None, ...]:
    """Return the selectors that together keep a spec where `marker` can hold; (None,) where that is everywhere.

    Raises:
        InputError: as `platforms_of_marker`.
    """
    platforms = platforms_of_marker(marker, where) if marker else PLATFORMS
    if platforms == PLATFORMS:
        return (None,)
    same = (name for name, kept in KNOWN_SELECTORS.items() if kept == platforms)
    whole = next(same, None)
    return (whole,) if whole else tuple(_selector_of_one(platform) for platform in sorted(platforms))


def _selector_of_one(platform: str) -> str:
    return next(name for name, kept in KNOWN_SELECTORS.items() if kept == {platform})

"""Which file of a package fits a platform: its wheels by tag, best first, and its source archive as the last resort.

The machine is that of the virtual packages: `__glibc` says which manylinux wheels fit, `__osx` which macOS wheels.
Source: PyPA "Platform compatibility tags"; PEP 600 (manylinux_2_N and its older aliases).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from reprocheck.errors import InputError
from reprocheck.locking.platforms import ARCHSPEC
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.pylock_toml import PylockFile, PylockPackage

_OLDEST_GLIBC, _OLDEST_MACOS = "2.17", "11.0"  # assumed where the virtual packages do not say
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_UV_MINORS = (17, 28, *range(31, 41))  # the glibc versions that uv 0.13 has a platform for
_UV_SYSTEMS = {
    "osx-64": "x86_64-apple-darwin",
    "osx-arm64": "aarch64-apple-darwin",
    "win-64": "x86_64-pc-windows-msvc",
    "win-arm64": "aarch64-pc-windows-msvc",
}
_UV_LINUX = {"linux-64": "x86_64", "linux-aarch64": "aarch64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelTarget:
    """The machine that files are chosen for. `python` is the full version of a CPython."""

    platform: str
    python: str
    virtual_packages: tuple[VirtualPackage, ...]

    def version_of(self, name: str, default: str) -> Version:
        """Return the version of a virtual package."""
        found = {package.name: package.version for package in self.virtual_packages}
        return Version(found.get(name, default))

    def __str__(self) -> str:
        system = self.platform.split("-")[0]
        libc = {"linux": f" with glibc {self.version_of('__glibc', _OLDEST_GLIBC)}", "osx": f" with macOS {self.macos}"}
        return f"{self.platform}{libc.get(system, '')}"

    @property
    def macos(self) -> str:
        """The version of macOS that is assumed, as `MACOSX_DEPLOYMENT_TARGET` has it."""
        version = self.version_of("__osx", _OLDEST_MACOS)
        return f"{version.major}.{version.minor}"


def uv_platform(target: WheelTarget) -> str:
    """Return uv's name of a platform: with the newest glibc that uv knows and the target has.

    Raises:
        InputError: uv knows no such platform.
    """
    if target.platform in _UV_SYSTEMS:
        return _UV_SYSTEMS[target.platform]
    if target.platform not in _UV_LINUX:
        raise InputError(
            f"the pip part cannot be resolved for {target.platform}",
            why="uv knows no such platform",
            how=f"leave out the platform, or add `# [linux64]` to the requirements that {target.platform} does without",
        )
    minor = target.version_of("__glibc", _OLDEST_GLIBC).minor
    known = max((known for known in _UV_MINORS if known <= minor), default=_UV_MINORS[0])
    return f"{_UV_LINUX[target.platform]}-manylinux_2_{known}"


def wheel_ranks(target: WheelTarget) -> Mapping[Tag, int]:
    """Return every tag that fits the target with its rank, 0 for the best."""
    release = Version(target.python).release[:2]
    digits = "".join(map(str, release))
    abi = f"cp{digits}m" if release < (3, 8) else f"cp{digits}"
    platforms = list(_platforms(target))
    tags = [
        *cpython_tags(release, [abi], platforms),
        *compatible_tags(release, interpreter=f"cp{digits}", platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def choose_file(package: PylockPackage, ranks: Mapping[Tag, int]) -> PylockFile | None:
    """Return the wheel with the best tag (of equals, the newest build), else the source archive, else None."""
    rated = [(_rate(wheel.filename, ranks), wheel.filename, wheel) for wheel in package.wheels]
    fitting = [(rate, name, wheel) for rate, name, wheel in rated if rate is not None]
    if not fitting:
        return package.sdist
    return min(fitting, key=lambda rated: rated[:2])[2]


def _rate(filename: str, ranks: Mapping[Tag, int]) -> tuple[int, int, str] | None:
    """Return what a wheel is sorted by, None when it does not fit."""
    try:
        _, _, build, tags = parse_wheel_filename(filename.replace("%2B", "+"))
    except InvalidWheelFilename:
        return None
    found = [ranks[tag] for tag in tags if tag in ranks]
    number, suffix = build or (-1, "")
    return (min(found), -number, suffix) if found else None


def _platforms(target: WheelTarget) -> Iterator[str]:
    system = target.platform.split("-")[0]
    if system == "linux":
        yield from _linux_platforms(target)
    elif system == "osx":
        macos = target.version_of("__osx", _OLDEST_MACOS)
        yield from mac_platforms((macos.major, macos.minor), ARCHSPEC[target.platform])
    else:
        yield {"win-64": "win_amd64", "win-arm64": "win_arm64"}.get(target.platform, "win32")


def _linux_platforms(target: WheelTarget) -> Iterator[str]:
    """Yield the platforms from the newest glibc down, each old alias behind its own."""
    machine = ARCHSPEC[target.platform]
    oldest = 5 if machine == "x86_64" else 17
    for minor in range(target.version_of("__glibc", _OLDEST_GLIBC).minor, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"
    yield f"linux_{machine}"

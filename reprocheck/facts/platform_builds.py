"""On which platforms a conda package, or a build of it, exists.

Source: the table `platform_builds.yaml`, whose rows name theirs. A name such as `ld_impl_linux-64` says its platform.
The `pytorch` channel writes the whole release of cuDNN into its builds for Linux, and the major alone for Windows: all
CUDA builds of its repodata for linux-64 and win-64, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from reprocheck.facts.tables import firm_rows, text

_SUFFIX = re.compile(r"[_-](?P<platform>(?:linux|osx|win)-(?:64|32|aarch64|arm64|ppc64le|armv7l|s390x))$")
_HASH = re.compile(r"h(?P<hash>[0-9a-f]{7})(?=_|$)")
# Builds of one Python carry `py39h…`; `pyh…` stands for every Python, mostly on every platform.
_OF_ONE_PYTHON = re.compile(r"(?:^|_)py\d{2,3}(?:_|h)")
_CUDNN_ON_LINUX = re.compile(r"^py[\d.]+_cuda[\d.]+_cudnn\d+\.\d+\.\d+_\d+$")


def platforms_of_package(name: str) -> frozenset[str] | None:
    """Return the platforms that have a package of this name at all, None where it is on all or nobody knows."""
    return _packages().get(name)


def platforms_of_build(name: str, build: str) -> frozenset[str] | None:
    """Return the platforms that may have an exact build of a package, None where the build does not tell."""
    found = _HASH.search(build)
    hashed = _hashes().get(found["hash"]) if found else None
    if hashed:
        return frozenset({hashed})
    if name == "pytorch" and _CUDNN_ON_LINUX.match(build):
        return frozenset({"linux-64"})
    suffix = _SUFFIX.search(name)
    return frozenset({suffix["platform"]}) if suffix else _packages().get(name)


def is_of_one_platform(build: str) -> bool:
    """Say whether a build string is most likely that of one platform, whichever: a hash behind one Python."""
    return bool(_HASH.search(build) and _OF_ONE_PYTHON.search(build))


@cache
def _packages() -> Mapping[str, frozenset[str]]:
    return {text(row, "package"): frozenset(row["platforms"]) for row in firm_rows("platform_builds", "packages")}


@cache
def _hashes() -> Mapping[str, str]:
    return {one: text(row, "platform") for row in firm_rows("platform_builds", "hashes") for one in row["hashes"]}

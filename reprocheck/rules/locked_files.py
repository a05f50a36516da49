"""Whether the entry of a locked package and the file that it leads to are one and the same, as far as names tell."""

from __future__ import annotations

import re

from reprocheck.model.locks import LockedPackage
from reprocheck.model.platform_selectors import PLATFORMS
from reprocheck.model.project_names import normalise_name

_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def other_file(package: LockedPackage) -> str | None:
    """Return the end of the URL where it names another package, version or platform; None where it agrees."""
    path = package.url.partition("#")[0].partition("?")[0]
    folder, _, file = path.rpartition("/")
    if package.manager == "pip":
        return None if not file.endswith(".whl") or _wheel_agrees(package, file) else file
    here = folder.rpartition("/")[2]
    elsewhere = here in PLATFORMS and here != package.platform
    return f"{here}/{file}" if elsewhere or not _conda_agrees(package, file) else None


def has_broken_hash(package: LockedPackage) -> bool:
    """Say whether something stands in the place of a hash that is none."""
    pairs = ((package.md5, _MD5), (package.sha256, _SHA256))
    return any(text is not None and not pattern.fullmatch(text) for text, pattern in pairs)


def _conda_agrees(package: LockedPackage, file: str) -> bool:
    begin = f"{package.name}-{package.version}-"
    if file.startswith(begin) and file.count("-") == begin.count("-"):
        return True
    told = _told("conda", file)
    return not told or (told["name"], told["version"]) == (package.name, package.version)


def _wheel_agrees(package: LockedPackage, file: str) -> bool:
    """Source archives are named as people like; only wheels have to say what they are."""
    if file.lower().startswith(f"{normalise_name(package.name).replace('-', '_')}-{package.version.lower()}-"):
        return True
    told = _told("pypi", package.url)
    if not told:
        return True
    same_name = normalise_name(told["name"]) == normalise_name(package.name)
    return same_name and (told["version"] == package.version or _are_one_version(told["version"], package.version))


def _told(kind: str, file: str) -> dict[str, str]:
    # Imported where it is needed: most files begin with name and version of their entry.
    from reprocheck.readers.pixi_packages import told_by_file_name

    return told_by_file_name(kind, file)


def _are_one_version(one: str, other: str) -> bool:
    # Imported where it is needed: locks mostly spell a version as its file does.
    from packaging.version import Version

    try:
        return Version(one) == Version(other)
    except ValueError:  # no version, or a number of more digits than Python reads
        return True

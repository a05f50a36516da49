"""A Python that stands by itself: no environment of conda's, no virtual one, and not the operating system's.

The official container images have theirs in `/usr/local`; pyenv, uv and the installers for macOS and Windows in a
folder for each version. Debian's own Python looks into `dist-packages`, and its packages belong to apt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from reprocheck.readers.prefixes.environment_folders import is_file, is_folder
from reprocheck.readers.prefixes.regular_files import names_if_readable

DEBIANS = "lib/python3/dist-packages"
PYTHON_NAME = re.compile(r"(?:python|pypy|graalpy)(?P<version>\d+\.\d+)t?")
_WINDOWS_LIBRARY = re.compile(r"python(?P<major>\d)(?P<minor>\d+)t?\.dll", re.IGNORECASE)


def plain_python(root: Path) -> str | None:
    """Return the version (`3.12`) of the Python that stands in the folder by itself, None where none does.

    It has a program, its standard library and `site-packages`. Where several have, `bin/python3` says which is meant.
    """
    if is_file(root / "python.exe") and _has_library(root / "Lib"):
        return next(_windows_versions(root), None)
    if not is_file(root / "bin" / "python3"):
        return None
    versions = list(_versions(root))
    named = PYTHON_NAME.fullmatch(Path(os.path.realpath(root / "bin" / "python3")).name)
    if named and named["version"] in versions:
        return named["version"]
    return versions[0] if len(versions) == 1 and named is None else None


def is_debians(root: Path) -> bool:
    """Say whether Debian's own Python is in the folder."""
    return is_folder(root / DEBIANS)


def _versions(root: Path) -> Iterator[str]:
    for name in names_if_readable(root, "lib"):
        found = PYTHON_NAME.fullmatch(name)
        if found and _has_library(root / "lib" / name):
            yield found["version"]


def _windows_versions(root: Path) -> Iterator[str]:
    for name in names_if_readable(root):
        found = _WINDOWS_LIBRARY.fullmatch(name)
        if found:
            yield f"{found['major']}.{found['minor']}"


def _has_library(folder: Path) -> bool:
    return is_file(folder / "os.py") and is_folder(folder / "site-packages")

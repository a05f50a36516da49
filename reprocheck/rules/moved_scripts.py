"""Scripts that no longer begin as pip wrote them, because the virtual environment was moved.

A script begins with the whole path of its Python, so whoever builds an environment in one place and uses it in another
writes all these lines anew: venv-pack does, and so do the `sed` lines of many a Dockerfile. That the rest of a script
is as it was cannot be seen, but one that somebody meddled with is alone, and these are most of them.

Sources: venv-pack 0.2, `core.py` (`#!/usr/bin/env python`); a venv moved by `sed` on 2026-11-21: 28 of 28 projects.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.prefixes import Distribution, OwnedFile, Prefix
from reprocheck.rules.file_faults import FileFault
from reprocheck.rules.file_kinds import is_native

_FOLDERS = ("bin/", "Scripts/")
_FEWEST = 3


def moved_scripts(prefix: Prefix, faults: Sequence[FileFault]) -> list[FileFault]:
    """Return the altered scripts where so many are that the environment was moved, else none."""
    altered = [fault for fault in faults if fault.found.state == "there" and _is_of_pip(fault)]
    listed = sum(_is_script(file) for item in prefix.installed_by_pip for file in item.files)
    return altered if len(altered) >= _FEWEST and 2 * len(altered) > listed else []


def _is_of_pip(fault: FileFault) -> bool:
    return all(isinstance(package, Distribution) and _is_script(file) for package, file in fault.owners)


def _is_script(file: OwnedFile) -> bool:
    return file.kind == "file" and file.path.startswith(_FOLDERS) and not is_native(file.path)

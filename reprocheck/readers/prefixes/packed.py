"""What conda-pack changes in the environments that it moves, so that their records expect other bytes.

It writes `#!/usr/bin/env python` into scripts that began with the path of the environment, those of pip too, and its
`conda-unpack` writes the path of the new place over that of the old one. Of such files no record tells the digest any
more; programs keep their length.

Sources: conda-pack 0.9, `core.py` and `prefixes.py`, tried 2026-11-21: 26 packages of an environment with 113 differed.
"""

from __future__ import annotations

from pathlib import Path

from reprocheck.model.prefixes import OwnedFile
from reprocheck.readers.prefixes.environment_folders import is_file

_UNPACKERS = ("bin/conda-unpack", "Scripts/conda-unpack.exe", "Scripts/conda-unpack-script.py")
_SCRIPTS = ("bin/", "Scripts/")


def is_packed(root: Path) -> bool:
    """Say whether conda-pack has brought the environment here: it leaves its program behind."""
    return any(is_file(root / name) for name in _UNPACKERS)


def without_scripts(files: tuple[OwnedFile, ...]) -> tuple[OwnedFile, ...]:
    """Return the files of a project of pip's, without what was expected of its scripts."""
    return tuple(OwnedFile(file.path, file.kind) if file.path.startswith(_SCRIPTS) else file for file in files)

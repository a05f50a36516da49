"""Which folders are environments."""

from __future__ import annotations

import os
from pathlib import Path

CONDA_META = "conda-meta"
PYVENV = "pyvenv.cfg"


def is_environment(folder: Path) -> bool:
    """Say whether a folder is an environment of conda's kind or a virtual one; what one may not read is none."""
    return is_conda(folder) or is_venv(folder)


def is_conda(folder: Path) -> bool:
    """Say whether a folder has conda's records."""
    return is_folder(folder / CONDA_META)


def is_venv(folder: Path) -> bool:
    """Say whether a folder is a virtual environment."""
    return is_file(folder / PYVENV)


def leads_into(python: Path, real_root: str) -> bool:
    """Say whether a path of a program lies in the environment with this real path; what it links to is no matter.

    An environment within it (`envs/other` of a base installation) is another.
    """
    for folder in (Path(os.path.normpath(python)).parent, Path(os.path.realpath(python.parent))):
        around = next((part for part in (folder, *folder.parents) if is_environment(part)), None)
        if around is not None and os.path.realpath(around) == real_root:
            return True
    return False


def is_folder(path: Path) -> bool:
    """Say whether a folder lies there; `Path.is_dir` raises where one may not look."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Say whether a regular file lies there; `Path.is_file` raises where one may not look."""
    return os.path.isfile(path)  # noqa: PTH113

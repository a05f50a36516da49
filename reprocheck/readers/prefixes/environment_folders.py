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


def is_folder(path: Path) -> bool:
    """Say whether a folder lies there; `Path.is_dir` raises where one may not look."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Say whether a regular file lies there; `Path.is_file` raises where one may not look."""
    return os.path.isfile(path)  # noqa: PTH113

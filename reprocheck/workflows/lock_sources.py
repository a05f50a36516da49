"""The files that a lock is made from, read and merged: environment.yml, pyproject.toml, requirements files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import Lock
from reprocheck.model.merged_environment import merge_environments
from reprocheck.readers.environment_yml import read_environment
from reprocheck.readers.requirements_txt import expand_requirements


def read_sources(paths: Sequence[Path], *, without_pip: bool = False) -> EnvironmentFile:
    """Return the merged environment of all `paths`, in order, with the requirements files that they name.

    `without_pip` lets such a file be missing, for nobody asks for what it holds.

    Raises:
        InputError: a file is missing or broken, or the channels of two files contradict each other.
        GatheredErrors: several faults of one file.
    """
    return merge_environments([_read(path, without_pip=without_pip) for path in paths])


def sources_to_lock(request: LockRequest, old: Lock | None) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the files to lock, and a note where they are those of the old lock because nobody named any.

    A lock that was made from two files must not lose the half of one because `-f` was forgotten once.
    """
    usual = request.environment_paths
    if old is None or not request.paths_are_usual:
        return usual, ()
    folder = request.lock_path.parent
    recorded = tuple(Path(os.path.normpath(folder / source)) for source in old.sources)
    if not recorded or recorded == usual or not all(path.is_file() for path in recorded):
        return usual, ()
    shown = ", ".join(path.as_posix() for path in recorded)
    return recorded, (f"made from {shown}, as {request.lock_path.as_posix()} records it; `-f` names others",)


def _read(path: Path, *, without_pip: bool) -> EnvironmentFile:
    if path.suffix == ".toml":
        # Few have one, and it brings packaging.
        from reprocheck.facts.conda_names import load_conda_names
        from reprocheck.readers.pyproject_toml import read_pyproject

        return read_pyproject(path, load_conda_names())
    return expand_requirements(read_environment(path), path.parent, keep_unreadable=without_pip)

"""The files that a lock is made from, read and merged: environment.yml, pyproject.toml, requirements files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reprocheck.model.environments import EnvironmentFile
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


def _read(path: Path, *, without_pip: bool) -> EnvironmentFile:
    if path.suffix == ".toml":
        # Few have one, and it brings packaging.
        from reprocheck.facts.conda_names import load_conda_names
        from reprocheck.readers.pyproject_toml import read_pyproject

        return read_pyproject(path, load_conda_names())
    return expand_requirements(read_environment(path), path.parent, keep_unreadable=without_pip)

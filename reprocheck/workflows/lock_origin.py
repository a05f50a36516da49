"""What a lock was made from: all of its sources as one environment, and the machines that it may have assumed.

The rules look at one environment file; whether a lock is fresh is asked of all the files that it was made from.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.errors import ReprocheckError
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_MACHINES
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.environment_yml import read_environment
from reprocheck.readers.lock_names import PIXI_LOCK


def read_source(path: Path) -> EnvironmentFile:
    """Return an environment file, or the tables of conda-lock in a pyproject.toml.

    Raises:
        InputError, GatheredErrors: missing or broken.
    """
    if path.suffix != ".toml":
        return read_environment(path)
    # Imported where it is needed: few keep their conda dependencies in a pyproject.toml.
    from reprocheck.workflows.lock_sources import read_sources

    return read_sources([path])


def first_source(lock: Lock) -> Path | None:
    """Return the first file that `lock` was made from, None where it is not there."""
    paths = (Path(os.path.normpath(Path(lock.path).parent / source)) for source in lock.sources[:1])
    return next((path for path in paths if path.is_file()), None)


def environment_beside(lock: Path) -> Path | None:
    """Return the environment file beside a lock, None where there is none; a pixi.lock is made from other files."""
    paths = () if lock.name == PIXI_LOCK else tuple(lock.with_name(name) for name in DEFAULT_ENVIRONMENTS)
    return next((path for path in paths if path.is_file()), None)


def source_paths(environment: EnvironmentFile, lock: Lock) -> tuple[str, ...]:
    """Return where the files are that `lock` was made from, as seen from here."""
    return tuple(path.as_posix() for path in _paths(Path(environment.path), lock))


def merged_sources(environment: EnvironmentFile, lock: Lock) -> tuple[EnvironmentFile, bool]:
    """Return the files that `lock` was made from as one, and whether that is all of them.

    Where one of them is missing or broken, or the lock belongs to other files, the environment stands alone.
    """
    own = Path(environment.path)
    if len(lock.sources) <= 1:
        return with_requirements(environment, own), True
    paths = _paths(own, lock)
    if own not in paths or not all(path.is_file() for path in paths):
        return with_requirements(environment, own), False
    # Imported where they are needed: most locks have one source.
    from reprocheck.workflows.lock_sources import read_sources

    try:
        return read_sources(paths), True
    except ReprocheckError:
        return with_requirements(environment, own), False


def _paths(own: Path, lock: Lock) -> list[Path]:
    """Return where the sources are; absolute ones of another machine are meant as they lay to each other there."""
    folder = Path(lock.path).parent
    there = [Path(os.path.normpath(folder / source)) for source in lock.sources]
    if all(Path(source).is_absolute() for source in lock.sources) and not any(path.exists() for path in there):
        twin = max(there, key=lambda path: _common_tail(path, own.resolve()))
        there = [Path(os.path.normpath(own.parent / os.path.relpath(path, twin.parent))) for path in there]
    return [own if path.resolve() == own.resolve() else path for path in there]


def _common_tail(one: Path, other: Path) -> int:
    """Return how many names two paths share, counted from their ends."""
    pairs = list(zip(reversed(one.parts), reversed(other.parts), strict=False))
    return next((index for index, (mine, theirs) in enumerate(pairs) if mine != theirs), len(pairs))


def with_requirements(environment: EnvironmentFile, path: Path) -> EnvironmentFile:
    """Return an environment with the requirements files that it names; a line whose file cannot be read stays."""
    if all(entry.kind != "option" for entry in environment.pip):
        return environment
    # Imported where it is needed: few files name requirements files.
    from reprocheck.readers.requirements_txt import expand_requirements

    return expand_requirements(environment, path.parent, keep_unreadable=True)


def described_machines(*folders: Path) -> Iterator[Mapping[str, tuple[VirtualPackage, ...]]]:
    """Yield what a virtual-packages.yml in one of the folders tells conda-lock to assume; broken ones tell nothing."""
    for path in dict.fromkeys(folder / name for folder in folders for name in DEFAULT_MACHINES):
        if path.is_file():
            # Imported where it is needed: few projects have such a file.
            from reprocheck.readers.virtual_packages_yml import read_virtual_packages

            with contextlib.suppress(ReprocheckError):
                yield read_virtual_packages(path)

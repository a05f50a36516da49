"""The Python of an environment, by the folder of the environment."""

from __future__ import annotations

import os
from pathlib import Path

from reprocheck.errors import InputError, system_reason

_PROGRAMS = ("bin/python", "python.exe", "Scripts/python.exe", "bin/python3")


def python_in(prefix: Path) -> Path:
    """Return the Python in the folder of an environment.

    Raises:
        InputError: there is no such folder, or no Python in it.
    """
    for name in _PROGRAMS:
        if os.path.exists(prefix / name):  # noqa: PTH110  (`Path.exists` raises where one may not look)
            return (prefix / name).absolute()
    try:
        os.listdir(prefix)  # noqa: PTH208  (only whether one may)
    except OSError as error:
        raise InputError(
            f"no environment at `{prefix.as_posix()}`",
            where=prefix.as_posix(),
            why="there is no such folder" if isinstance(error, FileNotFoundError) else system_reason(error),
            how="name the folder of an environment",
        ) from error
    raise InputError(
        "there is no Python in this environment",
        where=str(prefix),
        why=f"expected `{_PROGRAMS[0]}` or `{_PROGRAMS[1]}` in it",
        how="name the folder of an environment with Python",
    )

"""Find the folder of an environment by its name, as `-n NAME` means it, without asking conda.

Looked for are: the root installation for `base`; `envs_dirs` of the variables and of the `.condarc` files; the list
`~/.conda/environments.txt`, which conda and mamba keep; `envs` beside the active environment, beside the conda program
and in `MAMBA_ROOT_PREFIX`; the usual places of the installers; pixi's folder of the project that one stands in.

Sources: docs.conda.io "Managing environments" and "Using the .condarc", envs_dirs; conda `base/context.py`;
mamba.readthedocs.io "Configuration"; pixi.sh "Environment".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from reprocheck.errors import InputError
from reprocheck.readers.condarc import SYSTEM_FOLDERS, read_environment_folders
from reprocheck.readers.prefixes.environment_folders import is_environment
from reprocheck.readers.prefixes.listed_paths import shown
from reprocheck.readers.prefixes.regular_files import lines_or_fault, names_if_readable

_USUAL_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba", ".local/share/mamba")
_MOST_TOLD = 10
_HOW = "name the folder with `--prefix`"


class Surroundings(NamedTuple):
    """What decides where named environments are: variables, the home folder, the current one, conda's system-wide."""

    environ: Mapping[str, str]
    home: Path
    here: Path = Path()
    system: tuple[Path, ...] = SYSTEM_FOLDERS


def find_environment(name: str, around: Surroundings) -> Path:
    """Return the folder of the environment called `name`.

    Raises:
        InputError: no name, no environment of that name, or several; a `.condarc` that cannot be read.
    """
    if name in ("", ".", "..") or re.search(r"[/\\\0]", name):
        why = "a name is one word without slashes"
        raise InputError(f"`{shown(name)}` is no name of an environment", where="--name", why=why, how=_HOW)
    found = _environments(_bases(around) if name == "base" else _called(name, around))
    if not found:
        raise InputError(f"no environment is called `{name}`", where="--name", why=_near(name, around), how=_HOW)
    if len(found) > 1:
        told = ", ".join(f"`{path.as_posix()}`" for path in found[:_MOST_TOLD])
        raise InputError(f"several environments are called `{name}`", where="--name", why=f"found {told}", how=_HOW)
    return found[0]


def _bases(around: Surroundings) -> Iterator[Path]:
    """Yield the root installation that is in use; only where none is, all that are there."""
    running = next((root for root in _running_roots(around) if is_environment(root)), None)
    yield from [running] if running else _roots(around)


def _running_roots(around: Surroundings) -> Iterator[Path]:
    environ = around.environ
    for key in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        if environ.get(key):
            yield Path(environ[key])
    if environ.get("CONDA_EXE"):
        yield Path(environ["CONDA_EXE"]).parent.parent  # ROOT/bin/conda, or ROOT/Scripts/conda.exe
    if environ.get("CONDA_PREFIX"):
        active = Path(environ["CONDA_PREFIX"])
        yield active.parent.parent if active.parent.name == "envs" else active


def _roots(around: Surroundings) -> Iterator[Path]:
    yield from _running_roots(around)
    yield from (around.home / name for name in _USUAL_ROOTS)


def _folders(around: Surroundings) -> Iterator[Path]:
    """Yield the folders that hold environments by name."""
    for key in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        yield from (_expanded(text, around) for text in around.environ.get(key, "").split(os.pathsep) if text)
    variables = {**around.environ, "HOME": str(around.home)}
    yield from (_expanded(text, around) for text in read_environment_folders(variables, around.system))
    yield from (root / "envs" for root in _roots(around))
    yield around.home / ".conda" / "envs"
    yield around.here / ".pixi" / "envs"


def _expanded(text: str, around: Surroundings) -> Path:
    """Return the folder that a setting of conda names, `~` and variables replaced."""
    text = re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: around.environ.get(found[1] or found[2], found[0]), text)
    return around.home / text.removeprefix("~").lstrip("/\\") if text.startswith("~") else Path(text)


def _called(name: str, around: Surroundings) -> Iterator[Path]:
    yield from (path for path in _registered(around) if path.name == name)
    yield from (folder / name for folder in _folders(around))


def _registered(around: Surroundings) -> list[Path]:
    """Return the environments in the list that conda keeps; one that cannot be read helps as little as none."""
    lines = lines_or_fault(around.home, ".conda/environments.txt", [])
    return [Path(line.strip()) for line in lines if line.strip()]


def _environments(paths: Iterable[Path]) -> list[Path]:
    """Return those that are environments, each once, under the first of its names."""
    found: dict[str, Path] = {}
    for path in paths:
        if is_environment(path):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _near(name: str, around: Surroundings) -> str:
    """Return the names that were found instead, those that look like `name` if there are any."""
    # Imported on use: only a name that is wrong needs it.
    import difflib

    paths = [
        *_registered(around),
        *(folder / child for folder in _folders(around) for child in names_if_readable(folder)),
    ]
    names = sorted({path.name for path in _environments(paths)})
    near = difflib.get_close_matches(name, names, n=3) or names[:_MOST_TOLD]
    if not near:
        return "no environment was found in the usual places"
    return f"there is {', '.join(f'`{shown(other)}`' for other in near)}"

"""Read an installed environment whole: of conda, mamba, pixi or rattler, a virtual one, or a Python by itself.

A virtual environment stands on another Python; the packages of that one are not read, not even where
`include-system-site-packages` lets them in: they are another environment, and it can be audited by its own path.
Kernels and native libraries are looked for by `kernels.py` and `native_libraries.py`, which need more than the folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from reprocheck.errors import InputError, system_reason
from reprocheck.model.prefixes import CondaRecord, Fault, Prefix
from reprocheck.model.redaction import public_line
from reprocheck.readers.prefixes.conda_meta import read_conda_meta
from reprocheck.readers.prefixes.dist_info import Place, read_distributions
from reprocheck.readers.prefixes.environment_folders import CONDA_META, is_conda, is_environment, is_folder, is_venv
from reprocheck.readers.prefixes.marks import maker_of_conda, unfinished_reason
from reprocheck.readers.prefixes.packed import is_packed
from reprocheck.readers.prefixes.plain_python import DEBIANS, PYTHON_NAME, is_debians, plain_python
from reprocheck.readers.prefixes.pyvenv import Venv, read_pyvenv
from reprocheck.readers.prefixes.regular_files import lines_or_fault, names_in, names_or_fault
from reprocheck.readers.prefixes.startup_files import find_startup_files
from reprocheck.readers.requires_dist import MarkerTarget

PINNED = "conda-meta/pinned"
_MOST_TOLD = 3
_OWN_FOLDER = "name the environment's own folder"
_COMMENT = re.compile(r"(?:^|\s)#.*")


def read_prefix(root: Path, shown: str, platform: str) -> Prefix:
    """Read the environment in the folder `root`, which the user named `shown`.

    `platform` is conda's name of this machine's, for environments whose records do not tell theirs.

    Raises:
        InputError: no such folder, no environment, or a folder that one may not read.
    """
    kind = _kind(root, shown)
    faults: list[Fault] = []
    records = read_conda_meta(root, faults) if kind == "conda" else ()
    venv = _venv(root, faults) if kind == "venv" else None
    python = venv.python if venv else _python(records)
    target = MarkerTarget(platform=_platform(records) or platform, python=python)
    site_packages = tuple(_site_packages(root, python, faults))
    return Prefix(
        path=shown,
        kind=kind,
        maker=venv.maker if venv else maker_of_conda(root),
        platform=target.platform,
        python=python,
        site_packages=site_packages[0] if site_packages else None,
        conda=records,
        distributions=read_distributions(Place(root, site_packages, target, is_packed(root)), records, faults),
        pinned=_pinned(root, faults),
        startup=find_startup_files(root, site_packages),
        faults=tuple(sorted(set(faults))),
        unfinished=unfinished_reason(root),
        is_alone=venv is None or venv.is_alone,
    )


def _kind(root: Path, shown: str) -> Literal["conda", "venv"]:
    if is_conda(root):
        _refuse_unlisted(root, shown)
        return "conda"
    if is_venv(root) or plain_python(root):
        return "venv"
    why, how = _why_none(root)
    raise InputError(f"no environment at `{shown}`", where=shown, why=why, how=how)


def _refuse_unlisted(root: Path, shown: str) -> None:
    """Refuse an environment whose records one may not list: every package of it would seem to be missing."""
    try:
        names_in(root / CONDA_META)
    except InputError as error:
        raise InputError(
            f"cannot look into `{shown}`",
            where=f"{shown}/{CONDA_META}",
            why=error.why,
            how="ask as its owner, or give the right to read it",
        ) from error


def _venv(root: Path, faults: list[Fault]) -> Venv:
    return read_pyvenv(root, faults) if is_venv(root) else Venv("python", plain_python(root))


def _why_none(root: Path) -> tuple[str, str]:
    """Return why a path is no environment, and what to name instead."""
    try:
        if stat.S_ISDIR(root.stat().st_mode):
            return _why_no_folder(root, names_in(root))
    except FileNotFoundError:
        return "there is no such folder", "name the folder of an environment"
    except OSError as error:
        return system_reason(error), _OWN_FOLDER
    except InputError as error:
        return error.why, _OWN_FOLDER
    return "it is a file, and an environment is a folder", _how(root)


def _why_no_folder(root: Path, names: Iterable[str]) -> tuple[str, str]:
    if is_debians(root):
        return f"the packages of its Python (`{DEBIANS}`) belong to apt", "name a virtual environment"
    inside = [name for name in names if is_environment(root / name)][:_MOST_TOLD]
    told = " or ".join(f"`{(root / name).as_posix()}`" for name in inside)
    return "it has no `conda-meta`, no `pyvenv.cfg`, and no Python with `site-packages`", (
        f"name the environment in it, {told}" if told else _OWN_FOLDER
    )


def _how(file: Path) -> str:
    """Return the folder to name instead, where the file is a Python in an environment."""
    if file.name.lower().startswith("python"):
        for folder in (file.parent.parent, file.parent):
            if is_environment(folder) or plain_python(folder):
                return f"name the folder around it, `{folder.as_posix()}`"
    return _OWN_FOLDER


def _platform(records: Sequence[CondaRecord]) -> str | None:
    """Return the platform that most records are for; one of another may have been forced in."""
    counted = Counter(record.subdir for record in records if record.subdir != "noarch")
    return min(counted, key=lambda name: (-counted[name], name)) if counted else None


def _python(records: Iterable[CondaRecord]) -> str | None:
    return next((record.version for record in records if record.name == "python"), None)


def _site_packages(root: Path, python: str | None, faults: list[Fault]) -> Iterator[str]:
    """Yield the folders that this Python looks into; those that an older one left behind are dead.

    Where `lib64` is another folder than `lib`, both count; where one is a link to the other, they are one. Windows has
    `Lib`, and names are compared as they are written, since conda lists them so.
    """
    short = ".".join((python or "").split(".")[:2])
    seen = set()
    for folder in _candidates(root, short, faults):
        real = os.path.realpath(root / folder)
        if real not in seen and is_folder(root / folder):
            seen.add(real)
            yield folder


def _candidates(root: Path, short: str, faults: list[Fault]) -> Iterator[str]:
    for library in names_or_fault(root, "", faults):
        if library == "Lib":
            yield "Lib/site-packages"
        if library in ("lib", "lib64"):
            for name in names_or_fault(root, library, faults):
                found = PYTHON_NAME.fullmatch(name)
                if found and short in ("", found["version"]):
                    yield f"{library}/{name}/site-packages"


def _pinned(root: Path, faults: list[Fault]) -> tuple[str, ...]:
    lines = (_COMMENT.sub("", line).strip() for line in lines_or_fault(root, PINNED, faults))
    return tuple(public_line(line) for line in lines if line)

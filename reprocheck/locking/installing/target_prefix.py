"""What lies where a prefix is to be, and whether `create` may touch it.

Only three things are ever changed: nothing at all, what `create` made itself, and, with `--force`, a conda
environment of somebody else that no other environment hangs on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reprocheck.errors import UsageError, system_reason
from reprocheck.locking.installing.prefix_files import is_inside
from reprocheck.locking.installing.prefix_marks import Unfinished, is_staged, read_made, read_unfinished

# A base environment holds the others, and the packages that they share.
_OF_A_BASE = ("envs", "pkgs", "condabin")
_OUR_PYTHON = (sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).parent))
_ELSEWHERE = "name another folder with `-p`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is there: nothing yet, what we made (`unfinished` where that has not come to its end), or another's."""

    state: Literal["new", "ours", "foreign"]
    unfinished: Unfinished | None = None


def look_at_target(root: Path, shown: str, *, force: bool, our_python: Sequence[str] = _OUR_PYTHON) -> Target:
    """Return what is in the folder `root`, where it may be made into an environment.

    `our_python` are folders of the Python that runs this.

    Raises:
        UsageError: it may not: it is no conda environment, or somebody else's.
    """
    if not os.path.lexists(root):
        return Target(state="new")
    if not root.is_dir():
        raise _refused(shown, "something is there, and it is no folder", _ELSEWHERE)
    _refuse_our_python(root, shown, our_python)
    names = [name for name in _names(root, shown) if not is_staged(name)]
    if not names:
        return Target(state="new")
    if "conda-meta" not in names or (root / "conda-meta").is_symlink() or not (root / "conda-meta").is_dir():
        raise _refused(shown, _what_else(names), _ELSEWHERE)
    unfinished = read_unfinished(root)
    if unfinished is not None or read_made(root) is not None:
        return Target(state="ours", unfinished=unfinished)
    _refuse_foreign(shown, names, force=force)
    return Target(state="foreign")


def _names(root: Path, shown: str) -> list[str]:
    try:
        return sorted(path.name for path in root.iterdir())
    except OSError as error:
        raise _refused(shown, f"what is in the folder cannot be listed: {system_reason(error)}", _ELSEWHERE) from error


def _refuse_our_python(root: Path, shown: str, our_python: Sequence[str]) -> None:
    """Refuse to pull the floor from under ourselves: half-way there would be no reprocheck left to go on."""
    inside = os.path.realpath(root)
    for folder in our_python:
        if is_inside(inside, folder):
            how = "run a reprocheck that is installed elsewhere, or " + _ELSEWHERE
            raise _refused(shown, "the Python that runs reprocheck lives there", how)


def _what_else(names: Sequence[str]) -> str:
    if "pyvenv.cfg" in names:
        return "it is a virtual environment, which has no place for conda packages"
    count = len(names)
    return f"it is no conda environment, and holds `{names[0]}`" + (f" and {count - 1} more" if count > 1 else "")


def _refuse_foreign(shown: str, names: Sequence[str], *, force: bool) -> None:
    held = [name for name in _OF_A_BASE if name in names]
    if held:
        listed = ", ".join(f"`{name}`" for name in held)
        raise _refused(shown, f"it is a base environment, which holds {listed}, and others need it", _ELSEWHERE)
    if not force:
        how = "name another folder, or give `--force`: what is not in the lock is then removed from this one"
        raise _refused(shown, "reprocheck did not make this environment", how)


def _refused(shown: str, why: str, how: str) -> UsageError:
    return UsageError(f"`{shown}` cannot be made into this environment", where="--prefix", why=why, how=how)

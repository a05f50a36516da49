"""Read what tells who made an environment, and whether making it came to its end."""

from __future__ import annotations

import re
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.prefixes import MADE_MARK, UNFINISHED_MARK
from reprocheck.readers.prefixes.json_documents import parse_json
from reprocheck.readers.prefixes.listed_paths import printable
from reprocheck.readers.prefixes.regular_files import read_regular

_NO_REASON = "it does not say why"
_COMMAND = re.compile(r"^# cmd: (?P<program>\S+)", re.MULTILINE)
_CONDA_VERSION = re.compile(r"^# conda version: ", re.MULTILINE)
_MAKERS = ("conda", "mamba", "micromamba")


def unfinished_reason(root: Path) -> str | None:
    """Return why `create` did not come to its end, None where it did or never ran.

    The mark is `{"reason": text}`; one that cannot be read still means unfinished.
    """
    if not _is_there(root / UNFINISHED_MARK):
        return None
    try:
        reason = parse_json(read_regular(root / UNFINISHED_MARK) or b"").get("reason")
    except InputError as error:
        return f"{_NO_REASON} (its mark: {error.why})"
    return printable(" ".join(reason.split())) if isinstance(reason, str) and reason.strip() else _NO_REASON


def made_at(root: Path) -> str | None:
    """Return where `create` made the environment; a mark that nobody can read says nothing."""
    try:
        made = parse_json(read_regular(root / MADE_MARK) or b"{}").get("prefix")
    except InputError:
        return None
    return made if isinstance(made, str) and "\0" not in made else None


def maker_of_conda(root: Path) -> str | None:
    """Return who made a conda environment: `reprocheck`, `pixi`, `conda`, `mamba`, `micromamba`, or None.

    conda and mamba write the command of every change into `history`, and the first one made the environment; rattler
    leaves that file empty.
    """
    if _is_there(root / MADE_MARK) or _is_there(root / UNFINISHED_MARK):
        return "reprocheck"
    if _is_there(root / "conda-meta" / "pixi") or root.absolute().parts[-3:-1] == (".pixi", "envs"):
        return "pixi"
    try:
        data = read_regular(root / "conda-meta" / "history") or b""
    except InputError:
        return None
    history = data.decode("utf-8", "replace")
    command = _COMMAND.search(history)
    program = re.split(r"[/\\]", command["program"])[-1] if command else ""
    named = program.removesuffix(".exe").removesuffix(".py").removesuffix("-script")
    if named in _MAKERS:
        return named
    return "conda" if _CONDA_VERSION.search(history) else None


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True

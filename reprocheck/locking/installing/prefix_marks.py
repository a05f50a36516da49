"""The two marks of a prefix that `create` makes: one while it is no whole environment, one that says what it became.

The first is there before anything else and goes after everything else, both made durable, so that a death at any
moment leaves the prefix as it was or marked. In a new prefix `conda-meta` appears with the mark inside, by a rename:
without it nobody takes the folder for an environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from reprocheck import __version__
from reprocheck.atomic_write import remove_leftovers, sync_folder, write_whole
from reprocheck.errors import InputError, UndecidedError
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import MADE_MARK, UNFINISHED_MARK
from reprocheck.readers.prefixes.json_documents import parse_json
from reprocheck.readers.prefixes.marks import MOST_MARK_BYTES
from reprocheck.readers.prefixes.regular_files import read_regular

_META = "conda-meta"
_STAGED = (".conda-meta.", ".reprocheck.tmp")
_REASON = "`reprocheck create` has not come to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a prefix holds: `lock` is a digest of the packages that were chosen, `prefix` where it was made."""

    lock: str
    platform: str
    prefix: str
    reprocheck: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What was being made. `is_new` where the prefix was no environment before, and so holds nothing of anybody."""

    lock: str | None
    is_new: bool


def digest_of(packages: Iterable[LockedPackage], platform: str) -> str:
    """Return a digest of what is to be installed, in any order."""
    listed = sorted(
        [item.manager, item.name, item.version, item.build or "", item.url, item.md5 or "", item.sha256 or ""]
        for item in packages
    )
    return hashlib.sha256(json.dumps([platform, listed]).encode()).hexdigest()


def read_made(root: Path) -> Made | None:
    """Return what the prefix says it is, None where it says nothing that can be read."""
    document = _read(root / MADE_MARK)
    match document:
        case {"lock": str(lock), "platform": str(platform), "prefix": str(prefix), "reprocheck": str(version)}:
            return Made(lock=lock, platform=platform, prefix=prefix, reprocheck=version)
    return None


def read_unfinished(root: Path) -> Unfinished | None:
    """Return what was being made when the mark was set, None where there is no mark."""
    path = root / UNFINISHED_MARK
    if not os.path.lexists(path):
        return None
    document = _read(path) or {}
    lock = document.get("lock")
    return Unfinished(lock=lock if isinstance(lock, str) else None, is_new=document.get("new") is True)


def _read(path: Path) -> dict[str, object] | None:
    try:
        data = read_regular(path, MOST_MARK_BYTES)
        return None if data is None else dict(parse_json(data))
    except InputError:
        return None


def mark_unfinished(root: Path, lock: str, *, is_new: bool) -> None:
    """Say in the prefix that it is no whole environment, before anything of it is changed.

    Raises:
        UndecidedError: the folder cannot be written to; nothing was changed.
    """
    text = json.dumps({"lock": lock, "new": is_new, "reason": _REASON}, sort_keys=True)
    if (root / _META).is_dir():
        write_whole(root / UNFINISHED_MARK, text.encode())
        return
    remove_staged(root)
    with cannot_write(root):
        staged = Path(tempfile.mkdtemp(prefix=_STAGED[0], suffix=_STAGED[1], dir=root))
        staged.chmod(0o777 & ~_umask())
        write_whole(staged / Path(UNFINISHED_MARK).name, text.encode())
        staged.rename(root / _META)
        sync_folder(root)


def mark_made(root: Path, made: Made) -> None:
    """Say what the prefix is, and then that it is whole: the last step of all.

    Raises:
        UndecidedError: the folder cannot be written to.
    """
    write_whole(root / MADE_MARK, json.dumps(asdict(made), sort_keys=True).encode())
    remove_leftovers(root / MADE_MARK)
    with cannot_write(root):
        (root / UNFINISHED_MARK).unlink(missing_ok=True)
        sync_folder(root / _META)


def is_staged(name: str) -> bool:
    """Say whether a run that was killed left this in a prefix that was to be."""
    return name.startswith(_STAGED[0]) and name.endswith(_STAGED[1])


def remove_staged(root: Path) -> None:
    """Remove what runs left that were killed before the prefix had its mark."""
    for path in sorted(root.iterdir()):
        if is_staged(path.name):
            shutil.rmtree(path, ignore_errors=True)


def empty(root: Path) -> None:
    """Remove all of a prefix but its mark.

    Raises:
        UndecidedError: something cannot be removed.
    """
    with cannot_write(root):
        for path in sorted(root.iterdir()):
            if path.name != _META:
                remove_whole(path)
        for path in sorted((root / _META).iterdir()):
            if path.name != Path(UNFINISHED_MARK).name:
                remove_whole(path)


def remove_whole(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def cannot_write(root: Path) -> Iterator[None]:
    """Turn what the system says of a prefix that cannot be written to into an error that says how to go on."""
    try:
        yield
    except OSError as error:
        raise UndecidedError(
            "the prefix cannot be written to",
            where=str(error.filename or root),
            why=(error.strerror or type(error).__name__).lower(),
            how="make room, or make the folder writable, and run again: `create` goes on from there",
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""The two marks of a prefix that `create` makes: one while it is no whole environment, one that says what it became.

The first is there before anything else and goes after everything else, both made durable, so that a death at any
moment leaves the prefix as it was or marked. (After a power cut files may be empty that packages brought just before:
nobody waits for the disk there. The sizes that an audit looks at tell.) In a new prefix `conda-meta` appears with the
mark inside, by a rename: without it nobody takes the folder for an environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reprocheck import __version__
from reprocheck.atomic_write import mode_of_new, remove_leftovers, sync_folder, write_whole
from reprocheck.locking.installing.prefix_files import cannot_write, read_document, remove_whole
from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import MADE_MARK, UNFINISHED_MARK

_META = "conda-meta"
_STAGED = (".conda-meta.", ".reprocheck.tmp")
_REASON = "`reprocheck create` has not come to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a prefix holds: `lock` is a digest of the packages that were chosen, `prefix` where it was made.

    `as_published` tells what lies at paths where no package's list is right; see `as_published.py`.
    """

    lock: str
    platform: str
    prefix: str
    as_published: Mapping[str, str] = field(default_factory=dict)
    reprocheck: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What was being made. `is_new` where the prefix was no environment before, and so holds nothing of anybody.

    `prefix` is where it was made, None where that was at several places, or nothing tells.
    """

    lock: str | None
    is_new: bool
    prefix: str | None


def digest_of(packages: Iterable[LockedPackage], platform: str) -> str:
    """Return a digest of what is to be installed, in any order."""
    listed = sorted(
        [item.manager, item.name, item.version, item.build or "", item.url, item.md5 or "", item.sha256 or ""]
        for item in packages
    )
    return hashlib.sha256(json.dumps([platform, listed]).encode()).hexdigest()


def read_made(root: Path) -> Made | None:
    """Return what the prefix says it is, None where it says nothing that can be read."""
    match read_document(root / MADE_MARK):
        case {"lock": str(lock), "platform": str(platform), "prefix": str(prefix), **rest}:
            published = rest.get("as_published")
            texts = {path: str(told) for path, told in published.items()} if isinstance(published, dict) else {}
            return Made(lock=lock, platform=platform, prefix=prefix, as_published=texts)
    return None


def read_unfinished(root: Path) -> Unfinished | None:
    """Return what was being made when the mark was set, None where there is no mark."""
    path = root / UNFINISHED_MARK
    if not os.path.lexists(path):
        return None
    document = read_document(path) or {}
    lock, prefix = (told if isinstance(told := document.get(key), str) else None for key in ("lock", "prefix"))
    return Unfinished(lock=lock, is_new=document.get("new") is True, prefix=prefix)


def mark_unfinished(root: Path, unfinished: Unfinished) -> None:
    """Say in the prefix that it is no whole environment, before anything of it is changed.

    Raises:
        UndecidedError: the folder cannot be written to; nothing was changed.
    """
    told = {"lock": unfinished.lock, "new": unfinished.is_new, "prefix": unfinished.prefix, "reason": _REASON}
    if (root / _META).is_dir():
        _write(root / UNFINISHED_MARK, told)
        return
    with cannot_write(root):
        remove_staged(root)
        staged = Path(tempfile.mkdtemp(prefix=_STAGED[0], suffix=_STAGED[1], dir=root))
        staged.chmod(mode_of_new(0o777))
        _write(staged / Path(UNFINISHED_MARK).name, told)
        staged.rename(root / _META)
        sync_folder(root)


def mark_made(root: Path, made: Made) -> None:
    """Say what the prefix is, and then that it is whole: the last step of all.

    Raises:
        UndecidedError: the folder cannot be written to.
    """
    _write(root / MADE_MARK, asdict(made))
    remove_leftovers(root / MADE_MARK)
    with cannot_write(root):
        (root / UNFINISHED_MARK).unlink(missing_ok=True)
        sync_folder(root / _META)


def _write(mark: Path, told: Mapping[str, object]) -> None:
    """Write a mark; a link in its place may lead to anybody's file, and is not followed."""
    if mark.is_symlink():
        with cannot_write(mark):
            mark.unlink()
    write_whole(mark, json.dumps(told, sort_keys=True).encode())


def is_staged(name: str) -> bool:
    """Say whether a run that was killed left this in a prefix that was to be."""
    return name.startswith(_STAGED[0]) and name.endswith(_STAGED[1])


def remove_staged(root: Path) -> None:
    """Remove what runs left that were killed before the prefix had its mark."""
    for path in sorted(root.iterdir()):
        if is_staged(path.name):
            shutil.rmtree(path, ignore_errors=True)


def empty(root: Path) -> None:
    """Remove all of a prefix but its mark, which still says whose the rest is if this does not come to its end.

    Raises:
        UndecidedError: something cannot be removed.
    """
    with cannot_write(root):
        for path in sorted([*root.iterdir(), *(root / _META).iterdir()]):
            if path not in (root / _META, root / UNFINISHED_MARK):
                remove_whole(path)

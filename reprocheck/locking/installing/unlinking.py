"""Take conda packages out of a prefix: their files, the bytecode of these, folders that are empty then, their records.

A record goes last: after a death in the middle it is still there, and its files are missing, so that the next run
takes it up again. Nothing outside the paths that the records list is touched.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.folder_lock import take_lock
from reprocheck.locking.installing.prefix_files import bytecode_of, cannot_write, is_scratch, remove_whole
from reprocheck.model.prefixes import CondaRecord, OwnedFile

_CLOBBERED = "__clobbers__"  # where rattler puts the files of packages that lost a path to another one
_HALF_RECORD = re.compile(r"prefix_record_\w{6}")
_TRIAL = re.compile(r"symtest_[0-9a-f-]{36}|\.refprobe-\w{6}")
_LOCK_OF_UV = ".lock"


def unlink_packages(root: Path, records: Sequence[CondaRecord]) -> None:
    """Remove what `records` list from the prefix.

    Raises:
        InputError: a folder lies where a package has a file.
        UndecidedError: something cannot be removed.
    """
    with cannot_write(root):
        for record in records:
            for file in record.files:
                _remove(root, file, record)
            for path in bytecode_of(root, record.files):  # what is left makes a folder a package to import
                path.unlink()
            _remove_empty(root, record)
            (root / record.record).unlink(missing_ok=True)


def remove_unreadable(root: Path, paths: Iterable[str]) -> None:
    """Remove records and metadata folders that nobody can read.

    Raises:
        UndecidedError: something cannot be removed.
    """
    with cannot_write(root):
        for path in paths:
            remove_whole(root / path)


def remove_strays(root: Path, records: Iterable[CondaRecord]) -> None:
    """Remove what no record lists and installers leave.

    Where rattler was killed: files that lost their path, halves of records, trial links; our own scratch; the lock
    that uv leaves in every prefix.

    Raises:
        UndecidedError: something cannot be removed.
    """
    with cannot_write(root):
        left = [path for path in (root / "conda-meta").iterdir() if _HALF_RECORD.fullmatch(path.name)]
        left += [path for path in root.iterdir() if _TRIAL.fullmatch(path.name) or is_scratch(path.name)]
        for path in left:
            remove_whole(path)
        _remove_lost_files(root, records)
        _remove_lock_of_uv(root / _LOCK_OF_UV)


def _remove_lock_of_uv(path: Path) -> None:
    """Remove an empty file that nobody has locked; where that cannot be told, it does no harm."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size:
        return
    with contextlib.suppress(OSError), path.open("rb") as stream:
        if take_lock(stream.fileno()):
            path.unlink()


def _remove_lost_files(root: Path, records: Iterable[CondaRecord]) -> None:
    top = root / _CLOBBERED
    if not top.is_dir() or top.is_symlink():
        return
    listed = {file.path for record in records for file in record.files if file.path.startswith(f"{_CLOBBERED}/")}
    for folder, _, names in os.walk(top, topdown=False):
        for name in names:
            path = Path(folder, name)
            if path.relative_to(root).as_posix() not in listed:
                path.unlink()
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _remove(root: Path, file: OwnedFile, record: CondaRecord) -> None:
    path = root / file.path
    if path.is_dir() and not path.is_symlink():
        if file.kind != "folder":
            _remove_folder(path, file, record)
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()


def _remove_folder(path: Path, file: OwnedFile, record: CondaRecord) -> None:
    """Remove an empty folder that lies in the way; what is in any other is somebody's."""
    try:
        path.rmdir()
    except OSError as error:
        raise InputError(
            f"a folder is in the way of `{file.path}`",
            where=path.as_posix(),
            why=f"`{record.name} {record.version}` has a file of that name, and the folder is not empty",
            how="move the folder away, and run again: `create` goes on from there",
        ) from error


def _remove_empty(root: Path, record: CondaRecord) -> None:
    """Remove folders that held the files and hold nothing any more, from the innermost outwards."""
    folders: set[str] = set()
    for file in record.files:
        folder = file.path if file.kind == "folder" else file.path.rpartition("/")[0]
        if file.path.endswith(".py"):
            folders.add(f"{folder}/__pycache__")
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    for folder in sorted(folders - {"conda-meta"}, key=lambda path: (-path.count("/"), path)):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()

"""What an interrupted inspection had read, so that the next one need not read it again.

A text file in the user's cache folder, one for each prefix: a header that names the format and a digest of the prefix's
real path, then a line of JSON for each file, appended now and then. A line that was cut by `kill -9` is dropped. An
entry counts only if size, dates, inode and device are still the same, and only for files that were at rest for two
seconds when the hashing began: a later change then shows in a date. When an inspection ends well its journal goes,
and so do emptied folders; the next one reads every byte anew, since a disk that forgets changes no date.

The file is locked while it is in use; a second inspection of the same prefix goes on without one, and so does one that
may not write there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reprocheck.folder_lock import take_lock
from reprocheck.readers.prefixes.file_hashes import Hashed

_FORMAT = "reprocheck-inspection-journal 1"
_WRITE_EVERY_S = 1.0
_RACY_NS = 2 * 10**9  # the coarsest dates of a file system in use: FAT counts in two seconds
_OLDEST_S = 24 * 3600
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

Entries = Mapping[str, tuple[str, str]]  # path: what tells the state of a file, digest


def journal_path(root: Path, environ: Mapping[str, str], home: Path) -> Path:
    """Return the place of the journal of a prefix in the user's cache folder.

    Source: XDG Base Directory Specification 0.8, `XDG_CACHE_HOME` (a relative one is invalid and ignored).
    """
    if sys.platform == "win32":
        caches = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    else:
        named = Path(environ.get("XDG_CACHE_HOME", ""))
        caches = named if named.is_absolute() else home / ".cache"
    return caches / "reprocheck" / "inspections" / f"{_digest_of(root)}.journal"


def _digest_of(root: Path) -> str:
    real = os.path.normcase(os.path.realpath(root))
    return hashlib.sha256(os.fsencode(real), usedforsecurity=False).hexdigest()


class HashJournal:
    """The journal of one inspection, held from `__init__` to `close`; `path` None stands for none.

    `began_ns` is when the hashing begins, on the clock of the files' dates.
    """

    def __init__(self, path: Path | None, root: Path, began_ns: int) -> None:
        self._path = path
        self._header = f"{_FORMAT} {_digest_of(root)}\n".encode()
        self._began_ns = began_ns
        self._noted: list[Hashed] = []
        self._next_write_s = time.monotonic() + _WRITE_EVERY_S
        self._entries: Entries = {}
        self._descriptor = None if path is None else _opened(path)
        if self._descriptor is not None:
            self._take_over(self._descriptor)

    def digest(self, path: str, status: os.stat_result) -> str | None:
        """Return the digest of a file that was read before and has not changed since."""
        state, digest = self._entries.get(path, ("", None))
        return digest if state == _state(status) else None

    def add(self, files: Iterable[Hashed]) -> None:
        """Note what was read; it is written every second or so."""
        if self._descriptor is not None:
            self._noted.extend(files)
            if time.monotonic() >= self._next_write_s:
                self.write()

    def write(self) -> None:
        """Append what was noted; a journal that cannot be written is given up."""
        self._next_write_s = time.monotonic() + _WRITE_EVERY_S
        if self._descriptor is not None:
            self._append(self._descriptor, b"".join(self._lines()))
        self._noted.clear()

    def _lines(self) -> Iterator[bytes]:
        for file in self._noted:
            if file.status is not None and self._is_at_rest(file.status):
                entry = [file.key, _state(file.status), file.sha256]
                yield json.dumps(entry, separators=(",", ":")).encode() + b"\n"

    def close(self, *, is_done: bool) -> None:
        """Let go of the journal: remove it where the inspection is done, and keep it where it was interrupted."""
        if not is_done:
            self.write()
        if self._descriptor is None or self._path is None:
            return
        is_removed = is_done and _is_removed(self._path)  # while it is held: it is nobody else's
        self._let_go(self._descriptor)
        if is_done and not is_removed:  # Windows removes no open file
            _is_removed(self._path)
        if is_done:
            _remove_empty(self._path.parent)

    def _take_over(self, descriptor: int) -> None:
        try:
            data = _content(descriptor, self._header, self._began_ns)
            self._entries = dict(_entries(data))
            os.ftruncate(descriptor, len(data))
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError:
            self._let_go(descriptor)
            return
        if not data:
            self._append(descriptor, self._header)

    def _append(self, descriptor: int, data: bytes) -> None:
        try:
            is_whole = os.write(descriptor, data) == len(data)
        except OSError:
            is_whole = False
        if not is_whole:  # the disk is full: what was cut is dropped by who reads it, and nothing may follow it
            self._let_go(descriptor)

    def _let_go(self, descriptor: int) -> None:
        self._descriptor = None
        os.close(descriptor)

    def _is_at_rest(self, status: os.stat_result) -> bool:
        return max(status.st_mtime_ns, status.st_ctime_ns) < self._began_ns - _RACY_NS


def _opened(path: Path) -> int | None:
    """Open and hold the journal; None where it is another's, no file, or cannot be held."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if take_lock(descriptor):
            status = os.fstat(descriptor)
            # Another inspection may have ended, and removed it, between the opening and the locking.
            if stat.S_ISREG(status.st_mode) and status.st_nlink:
                return descriptor
    os.close(descriptor)
    return None


def _content(descriptor: int, header: bytes, now_ns: int) -> bytes:
    """Return the whole lines of a journal, nothing of one that is foreign, broken or old."""
    status = os.fstat(descriptor)
    if now_ns - status.st_mtime_ns > _OLDEST_S * 10**9:
        return b""
    with open(descriptor, "rb", closefd=False) as stream:
        data = stream.read()
    return data[: data.rfind(b"\n") + 1] if data.startswith(header) else b""


def _entries(data: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    for line in data.splitlines()[1:]:
        with contextlib.suppress(ValueError, RecursionError):  # a line that a crash of the machine broke
            match json.loads(line):
                case [str(path), str(state), str(digest)]:
                    yield path, (state, digest)


def _state(status: os.stat_result) -> str:
    """Return what changes when a file does, as far as its file system tells."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_dev}"


def _remove_empty(folder: Path) -> None:
    """Remove the folder of journals, and that of all caches of this program, where nothing is left in them."""
    with contextlib.suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def _is_removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True

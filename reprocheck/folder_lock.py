"""Keep two writers of one folder apart: the second waits for the first, and says so.

The folder itself is locked (`flock` on its descriptor), so that nothing is created in it and nothing stays behind;
the kernel lets go when the holder ends, also by `kill -9`. Where a folder cannot be locked so (Windows, NFS, which
wants a descriptor open for writing) an empty file in the temporary folder stands for it: that keeps processes of
one machine apart, and across machines the atomic write still leaves every file whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from reprocheck.errors import UndecidedError, system_reason

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL_S = 0.05
_SOMEBODY = "another reprocheck"


@contextlib.contextmanager
def one_at_a_time(path: Path, wait_s: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder of the file `path` while the block runs; `on_wait` is told once if somebody else has it.

    A link counts as the file behind it. The lock is one of a process: a thread of the same waits too.

    Raises:
        UndecidedError: the other one was not done within `wait_s` seconds, or has removed the folder; or nothing can
            be locked at all.
    """
    folder = Path(os.path.realpath(path)).parent
    place, descriptor, is_mine = _open_lock(folder)
    try:
        if not is_mine:
            _wait(descriptor, folder, wait_s, on_wait)
        _require_same(descriptor, place)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock


def _require_same(descriptor: int, place: Path) -> None:
    """Refuse the lock of a folder that lies there no more: whoever makes it anew locks another one."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(descriptor), place.stat()):
            return
    raise UndecidedError(
        f"`{place.as_posix()}` is gone",
        where=place.as_posix(),
        why=f"{_SOMEBODY} has removed it meanwhile",
        how="run again",
    )


def _open_lock(folder: Path) -> tuple[Path, int, bool]:
    """Return what stands for the folder, its descriptor, and whether its lock could be taken at once."""
    with contextlib.suppress(OSError):
        return folder, *_opened(folder, os.O_RDONLY)
    digest = hashlib.sha256(os.fsencode(os.path.normcase(folder))).hexdigest()[:32]
    stand_in = Path(tempfile.gettempdir(), f"reprocheck-{digest}.lock")
    try:
        return stand_in, *_opened(stand_in, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise UndecidedError(
            f"cannot lock `{folder.as_posix()}` against a second run",
            where=stand_in.as_posix(),
            why=system_reason(error),
            how="make the temporary folder writable, or name another by `TMPDIR`",
        ) from error


def _opened(path: Path, flags: int) -> tuple[int, bool]:
    descriptor = os.open(path, flags, 0o600)
    try:
        return descriptor, _take(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def take_lock(descriptor: int) -> bool:
    """Take the lock of an open file unless somebody has it; closing the file lets go.

    Raises:
        OSError: nothing can be locked there.
    """
    return _take(descriptor)


if sys.platform == "win32":

    def _take(descriptor: int) -> bool:
        """Take the lock unless somebody has it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:  # what Windows says of a byte that is locked
            return False
        return True

    def _holder(_descriptor: int) -> str:
        return _SOMEBODY

else:

    def _take(descriptor: int) -> bool:
        """Take the lock unless somebody has it; raises OSError where there is no such thing as locking."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(descriptor: int, table: Path = Path("/proc/locks")) -> str:
        """Name the process that has the lock, by its number where Linux tells.

        Source: proc_locks(5); the sixth word is MAJOR:MINOR:INODE, with the device in hexadecimal. The number is 0
        for a process of another container.
        """
        status = os.fstat(descriptor)
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        with contextlib.suppress(OSError, ValueError):
            for line in table.read_text(encoding="ascii").splitlines():
                words = line.split()
                if words[1:2] == ["FLOCK"] and words[5:6] == [place] and words[4] != "0":
                    return f"{_SOMEBODY} (process {words[4]})"
        return _SOMEBODY


def _wait(descriptor: int, folder: Path, wait_s: float, on_wait: Callable[[str], None]) -> None:
    on_wait(f"waiting for {_holder(descriptor)}, which writes to the same folder")
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        time.sleep(_POLL_S)
        if _take(descriptor):
            return
    raise UndecidedError(
        f"{_holder(descriptor)} is busy with `{folder.as_posix()}`",
        where=folder.as_posix(),
        why=f"it was not done within {wait_s:g} s",
        how="let it come to its end, or end it, and run again",
    )

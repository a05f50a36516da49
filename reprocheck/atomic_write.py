"""Replace a file whole or not at all.

Temporary file in the same folder, fsync, rename, fsync of the folder: a reader sees the old bytes or
the new ones, also after Ctrl-C, `kill -9` or a full disk.

What a killed process left beside its target is told from what a living one is writing by a lock on the temporary
file, which the kernel drops with the process; the next write to the folder removes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from reprocheck.errors import UndecidedError, system_reason

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".reprocheck.tmp"
_STAGED = re.compile(r"\..+\.[a-z0-9_]{8}" + re.escape(_SUFFIX))
_SURELY_DEAD_S = 3600  # where files cannot be locked, age tells


@contextlib.contextmanager
def staged_file(path: Path, data: bytes) -> Iterator[Path]:
    """Yield a temporary sibling of `path` holding `data`; it becomes `path` when the block ends well.

    Raises:
        UndecidedError: the folder is missing, read-only or full; `path` is untouched.
    """
    path = _behind_link(path)
    remove_leftovers(path)
    staged, held = _write_sibling(path, data)
    try:
        yield staged
        _rename(staged, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            staged.unlink()
        if held is not None:
            os.close(held)


def _behind_link(path: Path) -> Path:
    """Follow a link to the file behind it: a rename onto the link itself would put a second copy in its place."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):
        return path  # a circle of links; the rename replaces the link, as it would a file


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, whole or not at all; what is no file (`/dev/null`, a pipe) is written to.

    Raises:
        UndecidedError: the folder is missing, read-only or full; `path` is untouched.
    """
    if _is_device(path):
        _write_through(path, data)
        return
    with staged_file(path, data):
        pass


def _is_device(path: Path) -> bool:
    """Say whether a rename onto `path` would put a file in the place of something else."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_through(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as stream:
            stream.write(data)
    except OSError as error:
        raise _cannot_write(path, error) from error


def remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed in the middle of a write left in the folder of `path`."""
    with contextlib.suppress(OSError):
        for found in sorted(_behind_link(path).parent.iterdir()):
            if _STAGED.fullmatch(found.name):
                _remove_if_left(found)


def _remove_if_left(staged: Path) -> None:
    with contextlib.suppress(OSError):
        with staged.open("rb") as stream:
            if not _hold(stream.fileno()) and time.time() - staged.stat().st_mtime < _SURELY_DEAD_S:
                return
            if sys.platform != "win32":  # which removes no open file
                staged.unlink()
        staged.unlink(missing_ok=True)


if sys.platform == "win32":

    def _hold(_descriptor: int, _may_wait: bool = False) -> bool:
        """Say that nothing is held: a file that is locked, or open at all, cannot be renamed here."""
        return False

else:

    def _hold(descriptor: int, may_wait: bool = False) -> bool:
        """Lock a file until its last descriptor is closed; False where somebody has it, or nothing can be locked."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if may_wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def require_writable(path: Path) -> None:
    """Find out before long work, not after it, that `path` could not be written.

    Raises:
        UndecidedError: its folder is missing or read-only.
    """
    folder = _behind_link(path).absolute().parent
    if _is_device(path) or (folder.is_dir() and os.access(folder, os.W_OK)):
        return
    raise UndecidedError(
        f"cannot write `{path.as_posix()}`",
        where=path.parent.as_posix(),
        why="the folder may not be written to" if folder.is_dir() else "no such folder",
        how="choose a folder that exists and is writable",
    )


def _write_sibling(path: Path, data: bytes) -> tuple[Path, int | None]:
    """Return the staged file and the descriptor that holds it against `remove_leftovers` elsewhere."""
    try:
        descriptor, name, is_held = _new_sibling(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    held: int | None = None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            held = os.dup(descriptor) if is_held else None
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_mode_for(path))
        _keep_owner(Path(name), path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if held is not None:
            os.close(held)
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise
    return Path(name), held


def _new_sibling(path: Path) -> tuple[int, str, bool]:
    """Create and hold a file; if another process took it for a leftover before it was held, then another one."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent)
        is_held = _hold(descriptor, True)
        if os.fstat(descriptor).st_nlink:
            return descriptor, name, is_held
        os.close(descriptor)


def _mode_for(path: Path) -> int:
    """Keep the mode of a file that is replaced; a new file gets what the umask allows."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return mode_of_new(0o666)


def mode_of_new(asked: int) -> int:
    """Return what the umask leaves of the mode that is asked for."""
    umask = os.umask(0)
    os.umask(umask)
    return asked & ~umask


def _keep_owner(staged: Path, path: Path) -> None:
    """Give the new file to who has the old one, where we may: root in a container writes for somebody else."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            old = path.stat()
            os.chown(staged, old.st_uid, old.st_gid)


def _rename(staged: Path, path: Path) -> None:
    try:
        staged.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder durable; Windows cannot open folders and needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> UndecidedError:
    return UndecidedError(
        f"cannot write `{path}`",
        where=str(path.parent),
        why=system_reason(error),
        how="choose a folder that exists, is writable and has room; the old file is untouched",
    )

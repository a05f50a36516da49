"""Replace a file whole or not at all.

Temporary file in the same folder, fsync, rename, fsync of the folder: a reader sees the old bytes or
the new ones, also after Ctrl-C, `kill -9` or a full disk.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reprocheck.errors import UndecidedError


@contextlib.contextmanager
def staged_file(path: Path, data: bytes) -> Iterator[Path]:
    """Yield a temporary sibling of `path` holding `data`; it becomes `path` when the block ends well.

    Raises:
        UndecidedError: the folder is missing, read-only or full; `path` is untouched.
    """
    path = _behind_link(path)
    staged = _write_sibling(path, data)
    try:
        yield staged
        _rename(staged, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            staged.unlink()


def _behind_link(path: Path) -> Path:
    """Follow a link to the file behind it: a rename onto the link itself would put a second copy in its place."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):
        return path  # a circle of links; the rename replaces the link, as it would a file


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, whole or not at all.

    Raises:
        UndecidedError: the folder is missing, read-only or full; `path` is untouched.
    """
    with staged_file(path, data):
        pass


def require_writable(path: Path) -> None:
    """Find out before long work, not after it, that `path` could not be written.

    Raises:
        UndecidedError: its folder is missing or read-only.
    """
    folder = _behind_link(path).absolute().parent
    if folder.is_dir() and os.access(folder, os.W_OK):
        return
    raise UndecidedError(
        f"cannot write `{path.as_posix()}`",
        where=path.parent.as_posix(),
        why="the folder may not be written to" if folder.is_dir() else "no such folder",
        how="choose a folder that exists and is writable",
    )


def _write_sibling(path: Path, data: bytes) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_mode_for(path))
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise
    return Path(name)


def _mode_for(path: Path) -> int:
    """Keep the mode of a file that is replaced; a new file gets what the umask allows."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def _rename(staged: Path, path: Path) -> None:
    try:
        staged.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable; Windows cannot open folders and needs no such call."""
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
        why=(error.strerror or type(error).__name__).lower(),
        how="choose a folder that exists, is writable and has room; the old file is untouched",
    )

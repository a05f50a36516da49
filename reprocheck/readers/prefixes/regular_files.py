"""Read files that may be anything: what is no regular file is not opened, and nobody's file fills the memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reprocheck.errors import InputError, system_reason
from reprocheck.model.prefixes import Fault
from reprocheck.readers.prefixes.listed_paths import is_no_text, printable

MOST_BYTES = 64 << 20  # a record of 100,000 files has some 40 MB
_HOW = "make it readable, or install the package again"
# A FIFO that comes in between the look and the opening must not hold us; Windows has no such flag.
READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_regular(path: Path | str, most_bytes: int = MOST_BYTES) -> bytes | None:
    """Return the bytes of a file, None where nothing lies there.

    Raises:
        InputError: no regular file, unreadable, or larger than `most_bytes`.
    """
    try:
        found = os.stat(path)  # noqa: PTH116  (hundreds of files a run: a Path a file costs more than the look)
        if not stat.S_ISREG(found.st_mode):
            raise _unreadable(path, "is no regular file")
        if found.st_size > most_bytes:
            raise _unreadable(path, f"has more than {most_bytes} bytes")
        return _content(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, system_reason(error)) from error


def _content(path: Path | str) -> bytes:
    with open(os.open(path, READ_FLAGS), "rb") as file:  # noqa: PTH123  (Path.open takes no flags)
        return file.read()


def lines_or_fault(root: Path, path: str, faults: list[Fault]) -> list[str]:
    """Return the lines of a text below `root`, none where nothing lies there; why it cannot be read is added."""
    try:
        data = read_regular(root / path) or b""
    except InputError as error:
        faults.append(Fault(path, error.why))
        return []
    return data.decode("utf-8", "replace").splitlines()


def names_in(folder: Path | str) -> list[str]:
    """Return the sorted names of what lies in a folder; none where there is no such folder.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  (names are all that is asked for)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, system_reason(error)) from error


def names_or_fault(root: Path, folder: str, faults: list[Fault]) -> list[str]:
    """Return the sorted names in a folder below `root`; what cannot be listed or named is added to `faults`."""
    try:
        names = names_in(root / folder)
    except InputError as error:
        faults.append(Fault(folder or ".", error.why))
        return []
    odd = [name for name in names if is_no_text(name)]
    faults.extend(Fault(f"{folder}/{printable(name)}".lstrip("/"), "has a name that is no text") for name in odd)
    return [name for name in names if name not in odd] if odd else names


def names_if_readable(root: Path, folder: str = "") -> list[str]:
    """Return the sorted names in a folder below `root`, where nobody misses what cannot be listed or named."""
    return names_or_fault(root, folder, [])


def _unreadable(path: Path | str, why: str) -> InputError:
    return InputError("cannot read a file of the environment", where=os.fspath(path), why=why, how=_HOW)

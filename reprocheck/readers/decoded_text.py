"""The bytes of a file, and these as text: UTF-8, no control characters, one kind of line end, a readable size."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from reprocheck.errors import InputError, system_reason

LARGEST_SIZE_BYTES = 1 << 20

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")


def read_given(path: Path, what: str, how: str) -> bytes:
    """Return the bytes of a file that somebody named; `what` it is and `how` to mend it go into the error.

    Raises:
        InputError: missing, or unreadable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        why = system_reason(error)
        raise InputError(f"cannot read {what}", where=path.as_posix(), why=why, how=how) from error


def decode_text(data: bytes, path: str, limit_bytes: int = LARGEST_SIZE_BYTES) -> str:
    r"""Return `data` as text without a byte order mark and with `\n` line ends.

    Raises:
        InputError: too large, not UTF-8, binary, or with control characters.
    """
    if len(data) > limit_bytes:
        raise InputError(
            f"file of {len(data)} bytes is too large",
            where=path,
            why=f"files of this kind have at most {limit_bytes} bytes",
            how="name the right file",
        )
    text = _decode(data, path).replace("\r\n", "\n").replace("\r", "\n")
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"control character {ord(found.group()):#04x}",
            where=f"{path}:{line}",
            why="the file should be plain text",
            how="remove the character, or name the right file",
        )
    return text


def _decode(data: bytes, path: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(
            "file is encoded in UTF-16",
            where=path,
            why="conda and conda-lock read UTF-8",
            how="save it as UTF-8, for example with `iconv -f utf-16 -t utf-8`",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {data[error.start]:#04x} is not valid UTF-8",
            where=f"{path}:{line}",
            why="the file should be UTF-8 text",
            how="save it as UTF-8, or name the right file",
        ) from error

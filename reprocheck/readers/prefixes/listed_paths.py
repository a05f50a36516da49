"""Paths as records list them, made relative to the prefix; what leads out of it is refused."""

from __future__ import annotations

import posixpath
import re

_NO_PATH = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:")
_LONGEST_SHOWN = 120


def path_inside(path: str, folder: str = "", *, windows: bool = False) -> str | None:
    """Return `path`, listed relative to `folder`, relative to the prefix; None where it leads out of it or is none."""
    if windows:
        path = path.replace("\\", "/")
    if _is_usual(path) and not (windows and _DRIVE.match(path)):
        return f"{folder}/{path}" if folder else path
    if not path or path.startswith("/") or _NO_PATH.search(path) or (windows and _DRIVE.match(path)):
        return None
    whole = posixpath.normpath(f"{folder}/{path}" if folder else path)
    return None if whole in (".", "..") or whole.startswith("../") else whole


def _is_usual(path: str) -> bool:
    """Say whether `path` is as it should be; tens of thousands are asked for, and a pattern takes twice as long."""
    return (
        "./" not in path
        and "//" not in path
        and path[:1] not in ("", "/")
        and path[-1] not in "/."
        and path.isprintable()
    )


def why_refused(paths: list[str]) -> str:
    """Return what is wrong with a record that lists these."""
    more = "" if len(paths) == 1 else f" (and {len(paths) - 1} more such)"
    return f"lists `{shown(paths[0])}`, which is no path inside the environment{more}"


def shown(text: str) -> str:
    """Return what a file says as one short line that a terminal does not act on."""
    plain = printable(text)
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}…"


def printable(text: str) -> str:
    """Return a text with what is no printable character written as in Python's source."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else ascii(sign)[1:-1]


def is_no_text(name: str) -> bool:
    """Say whether a name holds control characters, or bytes that are not UTF-8."""
    return bool(_NO_PATH.search(name))

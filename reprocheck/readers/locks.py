"""Read a lock of any known format: conda-lock.yml, pixi.lock, or an `@EXPLICIT` file."""

from __future__ import annotations

import re
from pathlib import Path

from reprocheck.model.locks import Lock
from reprocheck.readers.conda_lock_yml import parse_lock, read_lock_bytes
from reprocheck.readers.explicit_lock import MARK, parse_explicit_lock
from reprocheck.readers.lock_names import LockFormat, format_by_name
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT, parse_pixi_lock

_TOP_KEY = re.compile(rb"^([a-z]+):", re.MULTILINE)
_EXPLICIT = re.compile(rb"^" + MARK.encode() + rb"\s*$", re.MULTILINE)


def read_any_lock(path: Path, environment: str = DEFAULT_ENVIRONMENT) -> Lock:
    """Read the lock at `path`; `environment` is the one to take of a pixi.lock.

    Raises:
        InputError, GatheredErrors: missing, unreadable or broken.
    """
    return parse_any_lock(read_lock_bytes(path), path.as_posix(), environment)


def parse_any_lock(data: bytes, path: str, environment: str = DEFAULT_ENVIRONMENT) -> Lock:
    """Return the lock that `data` holds; what is none that we know is read, and refused, as a conda-lock.yml."""
    match lock_format(data, path):
        case "pixi":
            return parse_pixi_lock(data, path, environment)
        case "explicit":
            return parse_explicit_lock(data, path)
        case _:
            return parse_lock(data, path)


def lock_format(data: bytes, path: str) -> LockFormat | None:
    """Return the format of a lock, None for what looks like none; the text decides, then the name."""
    if _EXPLICIT.search(data):
        return "explicit"
    keys = {found.decode() for found in _TOP_KEY.findall(data)}
    if {"environments", "packages"} <= keys:
        return "pixi"
    if {"metadata", "package"} & keys:
        return "conda-lock"
    return format_by_name(path.replace("\\", "/").rpartition("/")[2])

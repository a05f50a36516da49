"""The names by which the locks of conda-lock and pixi are known, apart from the readers that they call for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from reprocheck.model.settings import DEFAULT_LOCK

LockFormat = Literal["conda-lock", "pixi", "explicit"]

PIXI_LOCK = "pixi.lock"


def usual_lock(folder: Path) -> Path:
    """Return the lock of a folder by its usual name: pixi.lock only where there is no conda-lock.yml."""
    usual, pixi = folder / DEFAULT_LOCK, folder / PIXI_LOCK
    return pixi if pixi.is_file() and not usual.is_file() else usual


def is_lock_name(name: str) -> bool:
    """Say whether a file is a lock by its name, as conda-lock and pixi name them."""
    return format_by_name(name) is not None


def format_by_name(name: str) -> LockFormat | None:
    """Return the format of a lock of this name, None for what is not named like one."""
    if name == PIXI_LOCK:
        return "pixi"
    return "conda-lock" if "conda-lock" in name else None

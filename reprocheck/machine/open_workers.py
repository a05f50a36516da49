"""The workers that run now, in whatever thread: Ctrl-C reaches the main thread alone, and they must end with it.

A thread of its own cannot be interrupted, and the process leaves by `os._exit`. So the main thread asks here, and the
threads end their workers and take away their folders before it goes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 5.0  # a process group that is told to end is given a second, the ranks of torchrun a few
POLL_S = 0.02

_ending = threading.Event()
_folders: set[Path] = set()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Note that a worker lives in `folder` as long as the body runs."""
    _folders.add(folder)
    try:
        yield
    finally:
        _folders.discard(folder)


def are_ending() -> bool:
    """Say whether workers are to end now, and none to begin."""
    return _ending.is_set()


def end_workers() -> None:
    """End the workers of all threads, and wait until their folders are gone, but not for ever."""
    _ending.set()
    end_s = time.monotonic() + PATIENCE_S
    while _folders and time.monotonic() < end_s:
        time.sleep(POLL_S)
    _ending.clear()

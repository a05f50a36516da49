"""The end of a process: the last lines, the end line, and the copies of the process that are none of ours."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
from typing import Any, Callable


def at_end(end: Callable[[], None], renew: Callable[[], None]) -> None:
    """Call `end` when this process ends by itself, by `os._exit` too, and `renew` in each copy of it."""
    atexit.register(end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)
    original = os._exit

    @functools.wraps(original)
    def _exit(status: int) -> Any:
        end()
        original(status)

    os._exit = _exit


def leave() -> None:
    """End this process at once and as if all were well: it has told what it was to tell."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the program may have closed it
            stream.flush()
    os._exit(0)

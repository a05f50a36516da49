"""Let a child end with us, also when we are killed: what goes on writing into a prefix alone cannot be waited for.

Source: prctl(2), PR_SET_PDEATHSIG: the setting is kept by execve(2), and the signal comes when the thread ends that
started the child. Other systems than Linux have nothing like it; there the child comes to its own end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_WRAPPER = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(143); os.execv(sys.argv[2], sys.argv[2:])"
)


def bound_to_us(command: Sequence[str]) -> list[str]:
    """Return a command that runs `command`, whose program is a whole path, and is killed when this process ends."""
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _WRAPPER, str(os.getpid()), *command]

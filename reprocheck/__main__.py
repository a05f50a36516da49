"""The entry point: one handler at the top, and an exit that delivers the code.

py-rattler 0.28 may crash while the interpreter shuts down, which would replace the exit code by that of a
signal; so standard streams are flushed and the process ends by `os._exit`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import NoReturn


def _end_in_order() -> None:
    """Take a request to end (CI, `timeout`, a closed terminal) as Ctrl-C: worker and temporary files go with us."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # `nohup` ignores, and so do we
            signal.signal(number, signal.default_int_handler)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    _end_in_order()
    gc.disable()  # the process is short-lived; looking for circles costs a tenth of what `check` may take
    # Imported behind it: most objects are made while modules load.
    from reprocheck.cli.app import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

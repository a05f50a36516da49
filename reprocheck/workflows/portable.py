"""`fingerprint --portable`: find the settings under which other machines give this one's bits, and their cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprocheck.machine.host import read_host
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.model.fingerprints import value_at
from reprocheck.model.portable_settings import PortableSetting
from reprocheck.numerics.portable import portable_setting
from reprocheck.numerics.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableRequest:
    """Which Python to measure in, for how long at most, and who is told how far it is."""

    python: Path | None
    timeout_s: float
    tell: Callable[[str], None]


def find_portable_setting(request: PortableRequest) -> PortableSetting:
    """Return the setting that makes the most of this machine's probes equal on the machines that can be played here.

    Raises:
        InputError: `python` is not a Python interpreter, or older than 3.9.
        UndecidedError: nothing could be measured in time.
    """
    python = request.python or Path(sys.executable)
    require_interpreter(python)
    cores = value_at(read_host(), "cpu", "usableCores")
    threads = cores if isinstance(cores, int) else 1
    return portable_setting(Stage(python, threads, request.timeout_s, request.tell))

"""Read `pyvenv.cfg`, the file that makes a folder a virtual environment.

Sources: docs.python.org, "venv" and "site"; uv 0.13 and virtualenv 20 write their own version and `version_info`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from reprocheck.model.prefixes import Fault
from reprocheck.readers.prefixes.environment_folders import PYVENV
from reprocheck.readers.prefixes.regular_files import lines_or_fault

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+(?:(?:a|b|rc)\d+)?)?")


class Venv(NamedTuple):
    """Who made a virtual environment, for which Python (None where it does not say), and whether it is alone.

    One that is not alone finds the packages of the Python that it stands on, too.
    """

    maker: str
    python: str | None
    is_alone: bool = True


def read_pyvenv(root: Path, faults: list[Fault]) -> Venv:
    """Return what `pyvenv.cfg` says; that it cannot be read is added to `faults`."""
    lines = (line.partition("=") for line in lines_or_fault(root, PYVENV, faults))
    values = {key.strip().lower(): value.strip() for key, _, value in lines}
    maker = next((name for name in ("uv", "virtualenv") if name in values), "venv")
    version = _VERSION.match(values.get("version") or values.get("version_info") or "")
    is_alone = values.get("include-system-site-packages", "").lower() != "true"
    return Venv(maker, version.group() if version else None, is_alone)

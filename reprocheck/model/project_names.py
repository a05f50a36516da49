"""Names of PyPI projects, compared after PEP 503."""

from __future__ import annotations

import functools
import re

_RUN = re.compile(r"-{2,}")


@functools.lru_cache(maxsize=1 << 15)  # a check asks for the same thousand names ten times over
def normalise_name(name: str) -> str:
    """Return a project name as PEP 503 compares it: lower case, runs of `-`, `_` and `.` are one `-`."""
    plain = name.replace("_", "-").replace(".", "-").lower()
    return _RUN.sub("-", plain) if "--" in plain else plain

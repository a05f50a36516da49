"""Which OpenMP and MKL libraries are really loaded once torch and numpy are: the maps of this very process tell."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, Tuple

from .readings import load, unread
from .torch_build import mapped_files

FAMILIES = re.compile(r"(libgomp|libomp|libiomp5|libmkl_rt|libmkl_core)(?=[.\-_])")
BESIDE_TORCH = "numpy"


def openmp() -> Dict[str, Any]:
    """Return the families of the loaded files, one entry a file; two names of one file count once."""
    if not sys.platform.startswith("linux"):
        return unread("missing", "only Linux tells the loaded libraries")
    _, failure = load(BESIDE_TORCH)
    families = {_identity(path): found[1] for path in mapped_files() for found in [_family(path)] if found}
    return {"families": sorted(families.values()), BESIDE_TORCH: failure or "loaded"}


def _family(path: str) -> Any:
    return FAMILIES.match(os.path.basename(path))


def _identity(path: str) -> Tuple[Any, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return (path,)
    return (found.st_dev, found.st_ino)

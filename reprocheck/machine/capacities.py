"""How much room a training finds: on disk, in the memory that processes share, and in the table of open files.

Source: proc(5) and shm_overview(7) for `/dev/shm`; getrlimit(2), RLIMIT_NOFILE.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from reprocheck.errors import system_reason
from reprocheck.machine.system_files import ROOT
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json


def read_capacities(here: Path, root: Path = ROOT) -> Json:
    """Return `disk` (bytes free here and for temporary files), `sharedMemory` (bytes) and `openFiles` (count).

    It may hang on a network file system that does not answer.
    """
    return {
        "disk": {"here": _free_bytes(lambda: here), "temporary": _free_bytes(lambda: Path(tempfile.gettempdir()))},
        "sharedMemory": _shared_memory(root / "dev/shm"),
        "openFiles": _open_files(),
    }


def _free_bytes(place: Callable[[], Path]) -> Json:
    try:
        return shutil.disk_usage(place()).free
    except OSError as error:
        return unread("error", system_reason(error))


def _shared_memory(place: Path) -> Json:
    try:
        usage = shutil.disk_usage(place)
    except FileNotFoundError:
        return unread("missing", "no /dev/shm")
    except OSError as error:
        return unread("error", system_reason(error))
    return {"free": usage.free, "size": usage.total}


def _open_files() -> Json:
    if sys.platform == "win32":
        return unread("missing", "Windows has no such limit")
    import resource  # not on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {"limit": LARGEST_SAFE_INTEGER if limit == resource.RLIM_INFINITY else min(limit, LARGEST_SAFE_INTEGER)}

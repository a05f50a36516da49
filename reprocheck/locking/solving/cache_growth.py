"""The folder of cached channel data, and how much has come into it: the only place where a download shows."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_MEGABYTE = 10**6


def default_cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Return where rattler's programs, pixi among them, keep channel data; None where no folder is known.

    Source: rattler, crates/rattler_cache (`RATTLER_CACHE_DIR`, folder `repodata`); the `dirs` crate, `cache_dir`.
    """
    if named := environment.get("RATTLER_CACHE_DIR"):
        return Path(named, "repodata")
    caches = _caches(environment)
    return caches / "rattler" / "cache" / "repodata" if caches else None


def _caches(environment: Mapping[str, str]) -> Path | None:
    home = environment.get("HOME")
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return Path(local) if local else None
    if sys.platform == "darwin":
        return Path(home, "Library", "Caches") if home else None
    if named := environment.get("XDG_CACHE_HOME"):
        return Path(named)
    return Path(home, ".cache") if home else None


class CacheGrowth:
    """Sizes of the files that were not there, or not the same, when watching began."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.before = self._files()

    def size_bytes(self) -> int:
        """Return how much was written since."""
        return sum(state[0] for name, state in self._files().items() if self.before.get(name) != state)

    def text(self) -> str:
        """Return `, 41 MB` for a sentence, nothing below one megabyte."""
        megabytes = self.size_bytes() // _MEGABYTE
        return f", {megabytes} MB" if megabytes else ""

    def _files(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        if self.folder is None:
            return found
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    state = entry.stat()
                    found[entry.name] = (state.st_size, state.st_mtime_ns)
        except OSError:
            return found  # no cache yet, or a file that went while it was looked at: a size is no reason to fail
        return found

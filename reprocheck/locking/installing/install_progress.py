"""Count what rattler's installer reports, for one line that says how far it is.

The methods are called from its threads, by these names; see `rattler.install.InstallerReporter`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_MEGABYTE = 10**6


class InstallCounts:
    """Packages linked of all, bytes fetched of all that are known; tells it after each change."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress
        self.packages = 0
        self.linked = 0
        self.downloads: list[tuple[int, int]] = []
        self.lock = threading.Lock()

    def doing(self) -> str:
        """Return what is going on as a part of a sentence."""
        fetched, total = (sum(column) // _MEGABYTE for column in zip(*self.downloads, (0, 0), strict=True))
        downloading = f", downloading {fetched} of {total} MB" if total else ""
        return f"installing: {self.linked} of {self.packages} packages{downloading}"

    def on_transaction_start(self, total_operations: int) -> None:
        """Take the number of packages."""
        self.packages = total_operations
        self._tell()

    def on_download_start(self, _cache_entry: int) -> int:
        """Return a number for one more download."""
        with self.lock:
            self.downloads.append((0, 0))
            return len(self.downloads) - 1

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Take how far a download is."""
        with self.lock:
            self.downloads[download_idx] = (progress, total or progress)
        self._tell()

    def on_transaction_operation_complete(self, _operation: int) -> None:
        """Count a package that is there."""
        with self.lock:
            self.linked += 1
        self._tell()

    def on_transaction_operation_start(self, _operation: int) -> None:
        """Say nothing."""

    def on_populate_cache_start(self, _operation: int, _package_name: str) -> int:
        """Say nothing."""
        return 0

    on_link_start = on_unlink_start = on_post_link_start = on_pre_unlink_start = on_populate_cache_start

    def on_validate_start(self, _cache_entry: int) -> int:
        """Say nothing."""
        return 0

    def on_validate_complete(self, _token: int) -> None:
        """Say nothing."""

    on_download_completed = on_populate_cache_complete = on_link_complete = on_unlink_complete = on_validate_complete

    def on_post_link_complete(self, _token: int, _success: bool) -> None:
        """Say nothing."""

    on_pre_unlink_complete = on_post_link_complete

    def on_transaction_complete(self) -> None:
        """Say nothing: what comes next is told by who called."""

    def _tell(self) -> None:
        self.progress(self.doing())

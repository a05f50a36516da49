"""Put a lock where it belongs: read back before it replaces the old one, and explicit files beside it."""

from __future__ import annotations

from pathlib import Path

from reprocheck.atomic_write import write_whole
from reprocheck.locking.conda_lock_format import format_lock
from reprocheck.locking.exports.explicit_file import explicit_name, format_explicit
from reprocheck.locking.exports.installation_order import packages_to_install
from reprocheck.locking.read_back import read_back
from reprocheck.model.locking_requests import LockOutcome, LockRequest
from reprocheck.model.locks import Lock


def write_files(outcome: LockOutcome, request: LockRequest) -> tuple[str, ...]:
    """Write what changed and return the paths that were replaced, in order.

    Raises:
        UndecidedError: the folder is missing, read-only or full; what stood there is untouched.
    """
    written = []
    if outcome.status != "unchanged":
        _replace_lock(outcome.lock, request.lock_path)
        written.append(request.lock_path.as_posix())
    if request.explicit:
        written.extend(_write_explicit(outcome.lock, request.lock_path))
    return tuple(written)


def _replace_lock(lock: Lock, path: Path) -> None:
    """Let two readers read the new bytes before they take the old ones' place."""
    data = format_lock(lock)
    read_back(data, lock)
    write_whole(path, data)


def _write_explicit(lock: Lock, lock_path: Path) -> list[str]:
    # Half a second, and only for those who hand files to plain conda.
    from reprocheck.locking.conda_lock_authority import confirm_lock

    confirm_lock(lock_path, lock)
    written = []
    for platform in lock.platforms:
        path = lock_path.with_name(explicit_name(platform))
        data = format_explicit(lock, platform, packages_to_install(lock, platform))
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
            written.append(path.as_posix())
    return written

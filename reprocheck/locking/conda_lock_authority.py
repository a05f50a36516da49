"""conda-lock 4 as the authority over its own format: it reads a lock back before explicit files are made from it.

The one module that imports conda_lock, which costs 0.6 s of CPU: more than solving and writing a lock together, and
therefore only on the road of `--explicit`. Every lock is read back by PyYAML, which conda-lock reads with too.
"""

from __future__ import annotations

from pathlib import Path

from conda_lock.lockfile import parse_conda_lock_file

from reprocheck.model.locks import Lock


def confirm_lock(path: Path, lock: Lock) -> None:
    """Let conda-lock parse the file at `path` and compare every package with `lock`.

    Raises:
        AssertionError: conda-lock reads something else than we wrote, which is a bug of ours.
    """
    parsed = parse_conda_lock_file(path)
    ours = {(package.manager, package.name, package.platform): package for package in lock.packages}
    theirs = {(package.manager, package.name, package.platform): package for package in parsed.package}
    if len(ours) != len(lock.packages) or ours.keys() != theirs.keys():
        raise AssertionError(f"conda-lock reads other packages: {sorted(ours.keys() ^ theirs.keys())[:5]}")
    for key, package in ours.items():
        read = theirs[key]
        seen = (read.version, read.url, read.hash.md5 or None, read.hash.sha256, sorted(read.dependencies.items()))
        meant = (package.version, package.url, package.md5, package.sha256, sorted(package.dependencies))
        if seen != meant:
            raise AssertionError(f"conda-lock reads {key} as {seen}, not {meant}")

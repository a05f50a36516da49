"""Several environment files of one lock: what is wrong with the lock is told once, not once for each file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.model.findings import Audit, Finding

_Key = tuple[Path, object]


def told_once(audits: Sequence[tuple[Path, Audit]]) -> Iterator[Audit]:
    """Yield the audits, each with the path of its lock, without what another one tells better of the same packages.

    The graver finding goes before, then the one that points into an environment file. What is said of a file
    alone, with no locked package in it, stays.
    """
    best: dict[_Key, tuple[tuple[int, bool, int], int]] = {}
    for number, (lock, audit) in enumerate(audits):
        for finding in audit.findings:
            rank = (finding.severity.rank, finding.location.path == lock.as_posix(), number)
            key = _key(lock, finding)
            best[key] = min(best.get(key, (rank, number)), (rank, number))
    for number, (lock, audit) in enumerate(audits):
        kept = (one for one in audit.findings if not _is_of_lock(one) or best[_key(lock, one)][1] == number)
        yield replace(audit, findings=tuple(kept))


def _is_of_lock(finding: Finding) -> bool:
    return any(package.platform for package in finding.packages)


def _key(lock: Path, finding: Finding) -> _Key:
    return lock, (finding.code, finding.packages, finding.platforms)

"""Hash the files of a prefix: an interrupted inspection goes on where it was, and the user sees how far it is.

An entry of the journal saves reading a file only if it says what an owner expects: what an inspection accuses it has
read itself, and a broken journal accuses nobody.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from reprocheck.readers.prefixes.file_hashes import TICK_S, Hashed, Heard, Job, hash_files, thread_count
from reprocheck.readers.prefixes.hash_journal import HashJournal

_GB, _MB = 10**9, 10**6


class Wanted(NamedTuple):
    """A file to hash: what was seen of it, and the digests that its owners expect."""

    status: os.stat_result
    expected: frozenset[str]


def hash_resumably(
    root: Path, wanted: Mapping[str, Wanted], journal_at: Path | None, progress: Callable[[str], None]
) -> tuple[dict[str, Hashed], int]:
    """Return what reading the files gave, by path below `root`, and how many of them the journal knew.

    The journal is removed when all were read, and kept when Ctrl-C or an error comes between.
    """
    journal = HashJournal(journal_at if wanted else None, root, time.time_ns())
    is_done = False
    try:
        known = dict(_known(journal, wanted))
        hearing = _Hearing(known, wanted, journal, progress)
        jobs = [Job(path, f"{root}/{path}", w.status.st_size) for path, w in wanted.items() if path not in known]
        hash_files(jobs, thread_count(), hearing.hear)
        is_done = True
    finally:
        journal.close(is_done=is_done)
    return hearing.hashed, len(known)


def _known(journal: HashJournal, wanted: Mapping[str, Wanted]) -> Iterator[tuple[str, Hashed]]:
    for path, file in wanted.items():
        digest = journal.digest(path, file.status)
        if digest in file.expected:
            yield path, Hashed(path, "there", digest, file.status)


class _Hearing:
    """Takes what the threads send: keeps it, notes it in the journal, tells the user."""

    def __init__(
        self,
        known: Mapping[str, Hashed],
        wanted: Mapping[str, Wanted],
        journal: HashJournal,
        progress: Callable[[str], None],
    ) -> None:
        self.hashed = dict(known)
        self.journal = journal
        self.progress = progress
        self.files = len(wanted)
        self.size_bytes = sum(file.status.st_size for file in wanted.values())
        self.known_bytes = sum(wanted[path].status.st_size for path in known)
        self.next_told_s = time.monotonic() + TICK_S

    def hear(self, heard: Heard) -> None:
        self.hashed.update((file.key, file) for file in heard.files)
        self.journal.add(heard.files)
        if time.monotonic() >= self.next_told_s:
            self.next_told_s = time.monotonic() + TICK_S
            self.progress(self._text(heard.read_bytes))

    def _text(self, read_bytes: int) -> str:
        unit, name = (_GB, "GB") if self.size_bytes >= _GB else (_MB, "MB")
        done_bytes = min(self.known_bytes + read_bytes, self.size_bytes)  # files that grow are read twice
        amount = f"{done_bytes / unit:,.1f} of {self.size_bytes / unit:,.1f} {name}"
        return f"hashing: {len(self.hashed):,} of {self.files:,} files, {amount}"

"""SHA-256 of many files: threads, bounded memory, and an end within a fraction of a second when told to stop.

hashlib and every system call let go of the interpreter, so that threads help even where most files are small. A file
is opened, asked for its state, read in one piece where it is short, and closed. What was tried on 30,000 files of
1.2 GB (median 4 KB, eight of 50 MB), pages warm, two processors: one thread 1.05 s, two 0.7 s, four or eight no better
and no worse than one even while others used the machine. Reading into a kept buffer is no faster than `os.read`, and a
folder's descriptor (`dir_fd`) saves nothing over whole paths.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reprocheck.model.prefixes import FileState
from reprocheck.readers.prefixes.regular_files import READ_FLAGS

MOST_THREADS = 8
TICK_S = 0.1

_PIECE_BYTES = 1 << 20  # 0.6 ms with the SHA instructions of today's processors, 4 ms without
_BATCH_FILES = 64
_ATTEMPTS = 3  # at a file that is written to meanwhile


class Job(NamedTuple):
    """A file to hash: `key` is handed through, `size_bytes` only tells how to share out the work."""

    key: str
    path: str
    size_bytes: int


class Hashed(NamedTuple):
    """What reading a file gave; `status` is of the moment before it was read, None where there is no digest."""

    key: str
    state: FileState
    sha256: str | None = None
    status: os.stat_result | None = None


class Heard(NamedTuple):
    """What came in since the last time, and how many bytes were read so far."""

    files: tuple[Hashed, ...]
    read_bytes: int


def thread_count() -> int:
    """Return how many threads to hash with: the processors that we may use, at most eight."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(usable, MOST_THREADS)


def hash_files(jobs: Iterable[Job], threads: int, hear: Callable[[Heard], None]) -> None:
    """Hash the files; `hear` is called every `TICK_S` seconds, and at the end, with what came in, in any order.

    All threads have ended when it returns, and when it raises: Ctrl-C, and whatever `hear` raises, stop them in the
    middle of a file; `hear` is then called once more with what they had done. A second Ctrl-C waits for nothing.
    """
    crew = _Crew(jobs)
    try:
        crew.start(threads)
        for ended in crew.ended:
            while not ended.wait(TICK_S):
                hear(crew.heard())
    finally:
        crew.is_stopping = True
        for ended in crew.ended:
            ended.wait()
        hear(crew.heard())
    for failure in crew.failures:
        raise failure


class _Crew:
    """Threads that take batches until there are none."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        batches = list(_batches(jobs))
        self.batches = iter(batches)
        self.most_threads = min(MOST_THREADS, len(batches))
        self.hashed: deque[Hashed] = deque()
        self.failures: list[BaseException] = []
        self.read_bytes = [0] * MOST_THREADS  # one for each: a sum of several would need a lock
        self.ended: list[threading.Event] = []  # Ctrl-C in `Thread.join` makes a running thread count as ended
        self.is_stopping = False

    def start(self, threads: int) -> None:
        for number in range(min(threads, self.most_threads)):
            ended = threading.Event()
            threading.Thread(target=self._work, args=(number, ended), daemon=True).start()
            self.ended.append(ended)

    def heard(self) -> Heard:
        files = tuple(self.hashed.popleft() for _ in range(len(self.hashed)))
        return Heard(files, sum(self.read_bytes))

    def _work(self, number: int, ended: threading.Event) -> None:
        def goes_on(read_bytes: int) -> bool:
            self.read_bytes[number] += read_bytes
            return not self.is_stopping

        try:
            self._hash_all(goes_on)
        except BaseException as error:  # raised again by `hash_files`, in the thread that asks
            self.failures.append(error)
            self.is_stopping = True
        finally:
            ended.set()

    def _hash_all(self, goes_on: Callable[[int], bool]) -> None:
        for batch in self.batches:  # one iterator for all threads
            for job in batch:
                found = hash_file(job, goes_on)
                if found is None:
                    return
                self.hashed.append(found)


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield long files first, each by itself, so that no thread is left alone with one at the end; then the others."""
    long: list[Job] = []
    short: list[Job] = []
    for job in jobs:
        (long if job.size_bytes > _PIECE_BYTES else short).append(job)
    yield from ([job] for job in sorted(long, key=lambda job: -job.size_bytes))
    for first in range(0, len(short), _BATCH_FILES):
        yield short[first : first + _BATCH_FILES]


def hash_file(job: Job, goes_on: Callable[[int], bool]) -> Hashed | None:
    """Read one file; `goes_on` hears of every piece how long it is. None if it said no.

    A file that others write to is read again, and is unreadable if they do not let it be.
    """
    try:
        descriptor = os.open(job.path, READ_FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return Hashed(job.key, "missing")
    except OSError:
        return Hashed(job.key, "unreadable")
    try:
        return _hash_open_file(job.key, descriptor, goes_on)
    except OSError:
        return Hashed(job.key, "unreadable")
    finally:
        os.close(descriptor)


def _hash_open_file(key: str, descriptor: int, goes_on: Callable[[int], bool]) -> Hashed | None:
    for _ in range(_ATTEMPTS):
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Hashed(key, "other-kind")
        digest = hashlib.sha256(usedforsecurity=False)
        left_bytes = status.st_size
        while True:
            asked_bytes = min(left_bytes, _PIECE_BYTES) + 1  # one more: a read that gives less has seen the end
            piece = os.read(descriptor, asked_bytes)
            digest.update(piece)
            left_bytes -= len(piece)
            if not goes_on(len(piece)):
                return None
            if left_bytes == 0 and len(piece) < asked_bytes:
                return Hashed(key, "there", digest.hexdigest(), status)
            if left_bytes < 0 or not piece:
                break  # it has grown, or shrunk
        os.lseek(descriptor, 0, os.SEEK_SET)
    return Hashed(key, "unreadable")

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.readers.prefixes.file_hashes import (
    MOST_THREADS,
    Hashed,
    Heard,
    Job,
    hash_file,
    hash_files,
    thread_count,
)

PIECE = 1 << 20
SIZES = (0, 1, 2047, PIECE - 1, PIECE, PIECE + 1, PIECE + 2, 2 * PIECE, 2 * PIECE + 1, 2 * PIECE + 2, 3 * PIECE + 7)


def job(path: Path) -> Job:
    return Job(path.name, str(path), path.stat().st_size if path.exists() else 0)


def on(_: int) -> bool:
    return True


def sparse(path: Path, size_bytes: int) -> Path:
    with path.open("wb") as stream:
        stream.truncate(size_bytes)
    return path


def collected(jobs: list[Job], threads: int) -> dict[str, Hashed]:
    heard: list[Heard] = []
    hash_files(jobs, threads, heard.append)
    return {file.key: file for part in heard for file in part.files}


@pytest.mark.parametrize("size_bytes", SIZES)
def test_the_digest_is_that_of_all_bytes(tmp_path: Path, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    (tmp_path / "a").write_bytes(data)
    pieces: list[int] = []

    def goes_on(count: int) -> bool:
        pieces.append(count)
        return True

    found = hash_file(job(tmp_path / "a"), goes_on)
    assert found is not None
    assert (found.key, found.state, found.sha256) == ("a", "there", hashlib.sha256(data).hexdigest())
    assert sum(pieces) == size_bytes
    assert max(pieces) <= PIECE + 1


@pytest.mark.parametrize("threads", [1, 2, 4, 99])
def test_every_file_is_hashed_once_by_any_number_of_threads(tmp_path: Path, threads: int) -> None:
    data = {f"file-{number}": os.urandom(number * 40) for number in range(300)}
    data["long"] = os.urandom(3 * PIECE)
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    heard: list[Heard] = []
    hash_files([job(tmp_path / name) for name in data], threads, heard.append)
    files = [file for part in heard for file in part.files]
    assert sorted((file.key, file.sha256) for file in files) == sorted(
        (name, hashlib.sha256(content).hexdigest()) for name, content in data.items()
    )
    assert heard[-1].read_bytes == sum(map(len, data.values()))


def test_nothing_to_hash_is_heard_once() -> None:
    heard: list[Heard] = []
    hash_files([], 2, heard.append)
    assert heard == [Heard((), 0)]


def test_there_is_a_thread_for_each_processor_but_no_more_than_eight() -> None:
    assert 1 <= thread_count() <= min(MOST_THREADS, os.cpu_count() or 1)


def test_a_file_that_vanished_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert hash_file(Job("a", str(tmp_path / "gone"), 4), on) == Hashed("a", "missing")
    assert hash_file(Job("a", str(tmp_path / "file" / "below"), 4), on) == Hashed("a", "missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_file_that_became_a_folder_or_a_fifo_is_of_another_kind_and_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    assert hash_file(job(tmp_path / "folder"), on) == Hashed("folder", "other-kind")
    assert hash_file(job(tmp_path / "fifo"), on) == Hashed("fifo", "other-kind")


def test_a_file_that_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    assert hash_file(Job("a", str(tmp_path / "circle"), 4), on) == Hashed("a", "unreadable")


@pytest.mark.skipif(sys.platform != "linux", reason="has no file that opens and then gives an input/output error")
def test_a_file_that_gives_an_error_when_read_is_unreadable() -> None:
    assert hash_file(Job("a", "/proc/self/mem", 4), on) == Hashed("a", "unreadable")


def changing(path: Path, change: Callable[[], object], times: int) -> tuple[Hashed | None, int]:
    """Hash a file that is changed after each of the first `times` pieces."""
    pieces: list[int] = []

    def goes_on(count: int) -> bool:
        pieces.append(count)
        if len(pieces) <= times:
            change()
        return True

    return hash_file(job(path), goes_on), len(pieces)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def test_a_file_that_grows_while_it_is_hashed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(os.urandom(2 * PIECE))
    found, _ = changing(path, lambda: append(path), 1)
    assert found is not None
    assert found.status is not None
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.status.st_size == 2 * PIECE + 4


def test_a_file_that_shrinks_while_it_is_hashed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(os.urandom(3 * PIECE))
    found, _ = changing(path, lambda: os.truncate(path, PIECE + 10), 1)
    assert found is not None
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_never_rests_is_unreadable_after_three_attempts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(os.urandom(2 * PIECE))
    found, pieces = changing(path, lambda: append(path), 100)
    assert found == Hashed("log", "unreadable")
    assert pieces <= 3 * 3


def test_who_says_no_stops_in_the_middle_of_a_file(tmp_path: Path) -> None:
    pieces: list[int] = []

    def goes_on(count: int) -> bool:
        pieces.append(count)
        return len(pieces) < 2

    assert hash_file(job(sparse(tmp_path / "a", 100 * PIECE)), goes_on) is None
    assert len(pieces) == 2


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_every_thread_within_a_fraction_of_a_second(tmp_path: Path) -> None:
    jobs = [job(sparse(tmp_path / f"{number}", 10**12)) for number in range(3)]
    before = threading.active_count()
    pressed: list[float] = []

    def hear(heard: Heard) -> None:
        if heard.read_bytes and not pressed:
            pressed.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        hash_files(jobs, 2, hear)
    assert time.monotonic() - pressed[0] < 1
    assert wait_for(lambda: threading.active_count() == before)


def wait_for(holds: Callable[[], bool]) -> bool:
    """Give a thread that has said its last word the moment it takes to leave."""
    deadline = time.monotonic() + 1
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.001)
    return holds()


def test_what_was_done_before_an_interruption_is_heard(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    jobs = [job(sparse(tmp_path / "long", 10**12)), *[job(tmp_path / "short")] * 200]
    heard: list[Heard] = []

    def hear(part: Heard) -> None:
        heard.append(part)
        if len(heard) == 1:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        hash_files(jobs, 2, hear)
    assert len(heard) == 2
    assert sum(len(part.files) for part in heard) == 200


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fault_in_a_thread_is_raised_by_the_caller(tmp_path: Path, threads: int) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ValueError, match="embedded null"):
        hash_files([Job("a", "a\0b", 4), job(tmp_path / "a")], threads, lambda _: None)


def test_short_files_do_not_wait_for_the_end_of_a_long_one(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    sparse(tmp_path / "long", 3 * PIECE)
    found = collected([job(tmp_path / "short"), job(tmp_path / "long")], 1)
    assert list(found) == ["long", "short"]

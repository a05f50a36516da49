from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.readers.prefixes.file_hashes import Hashed
from reprocheck.readers.prefixes.hash_journal import HashJournal, journal_path

SECOND_NS = 10**9
DIGEST = "ab" * 32

Open = Callable[..., HashJournal]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "prefix"
    folder.mkdir()
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "a.journal"


@pytest.fixture
def opened(place: Path, root: Path) -> Open:
    """Open the journal, as an inspection that begins so many seconds from now: files are at rest after two."""

    def open_journal(path: Path | None = place, folder: Path = root, in_s: float = 60) -> HashJournal:
        return HashJournal(path, folder, time.time_ns() + int(in_s * SECOND_NS))

    return open_journal


def hashed(path: Path, digest: str = DIGEST) -> Hashed:
    return Hashed(path.name, "there", digest, path.stat())


def file_in(root: Path, name: str = "a", content: bytes = b"bytes") -> Path:
    (root / name).write_bytes(content)
    return root / name


def left_by(opened: Open, *files: Path) -> None:
    journal = opened()
    journal.add(map(hashed, files))
    journal.close(is_done=False)


def known(opened: Open, file: Path) -> str | None:
    journal = opened()
    digest = journal.digest(file.name, file.stat())
    journal.close(is_done=False)
    return digest


def test_an_interrupted_inspection_leaves_what_it_read(opened: Open, root: Path) -> None:
    left_by(opened, file_in(root), file_in(root, "ä b\n\u2028"))
    assert known(opened, root / "a") == DIGEST
    assert known(opened, root / "ä b\n\u2028") == DIGEST


def test_it_goes_on_in_the_same_journal(opened: Open, root: Path, place: Path) -> None:
    left_by(opened, file_in(root, "a"))
    left_by(opened, file_in(root, "b"))
    assert (known(opened, root / "a"), known(opened, root / "b")) == (DIGEST, DIGEST)
    assert len(place.read_bytes().splitlines()) == 3


def test_an_inspection_that_is_done_removes_it_and_an_empty_folder(opened: Open, root: Path, place: Path) -> None:
    left_by(opened, file_in(root))
    opened().close(is_done=True)
    assert not place.parent.exists()


def test_the_journals_of_other_prefixes_stay(opened: Open, root: Path, place: Path) -> None:
    left_by(opened, file_in(root))
    other = place.with_name("b.journal")
    other.touch()
    opened().close(is_done=True)
    assert list(place.parent.iterdir()) == [other]


def test_a_journal_that_was_removed_meanwhile_is_no_fault(opened: Open, place: Path) -> None:
    journal = opened()
    place.unlink()
    journal.close(is_done=True)


def test_none_is_as_good_as_an_empty_one(opened: Open, root: Path, tmp_path: Path) -> None:
    file = file_in(root)
    journal = opened(None)
    journal.add([hashed(file)])
    assert journal.digest("a", file.stat()) is None
    journal.write()
    journal.close(is_done=False)
    journal.close(is_done=True)
    assert list(tmp_path.iterdir()) == [root]


def rewritten(file: Path) -> None:
    """Change a byte in place and set the date back."""
    status = file.stat()
    file.write_bytes(b"Bytes")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(file: Path) -> None:
    """Put a file of the same size and date in the place of another."""
    status = file.stat()
    other = file_in(file.parent, "other")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)


@pytest.mark.parametrize(
    "change",
    [
        rewritten,
        replaced,
        lambda file: os.utime(file, ns=(0, 0)),
        lambda file: file.write_bytes(b"longer than it was"),
    ],
)
def test_an_entry_of_a_file_that_changed_does_not_count(
    opened: Open, root: Path, change: Callable[[Path], object]
) -> None:
    file = file_in(root)
    left_by(opened, file)
    change(file)
    assert known(opened, file) is None


@pytest.mark.parametrize(("in_s", "expected"), [(-1, None), (1.5, None), (3, DIGEST)])
def test_a_file_that_changed_within_two_seconds_before_the_hashing_is_not_trusted(
    opened: Open, root: Path, in_s: float, expected: str | None
) -> None:
    journal = opened(in_s=in_s)
    journal.add([hashed(file_in(root))])
    journal.close(is_done=False)
    assert known(opened, root / "a") == expected


def test_a_date_of_the_future_is_not_trusted(opened: Open, root: Path) -> None:
    file = file_in(root)
    os.utime(file, ns=(0, time.time_ns() + 3600 * SECOND_NS))
    left_by(opened, file)
    assert known(opened, file) is None


def test_what_could_not_be_read_is_not_noted(opened: Open, root: Path, place: Path) -> None:
    journal = opened()
    journal.add([Hashed("a", "unreadable"), Hashed("b", "missing")])
    journal.close(is_done=False)
    assert len(place.read_bytes().splitlines()) == 1


def test_a_line_that_was_cut_is_dropped_and_nothing_is_written_behind_it(opened: Open, root: Path, place: Path) -> None:
    left_by(opened, file_in(root, "a"), file_in(root, "b"))
    place.write_bytes(place.read_bytes()[:-5])
    assert (known(opened, root / "a"), known(opened, root / "b")) == (DIGEST, None)
    left_by(opened, root / "b")
    assert (known(opened, root / "a"), known(opened, root / "b")) == (DIGEST, DIGEST)


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_a_journal_that_was_cut_anywhere_is_taken_up(opened: Open, root: Path, place: Path, length: int) -> None:
    left_by(opened, file_in(root, "a"), file_in(root, "b"))
    place.write_bytes(place.read_bytes()[:length])
    assert known(opened, root / "a") in (DIGEST, None)
    left_by(opened, root / "a", root / "b")
    assert (known(opened, root / "a"), known(opened, root / "b")) == (DIGEST, DIGEST)


@pytest.mark.parametrize(
    "line", [b"\0" * 80, b"\xff\xfe", b"{", b"[" * 100_000, b"[1,2,3]", b'["a","b"]', b'{"a":1}', b"", b"null"]
)
def test_a_broken_line_is_passed_over(opened: Open, root: Path, place: Path, line: bytes) -> None:
    file = file_in(root)
    left_by(opened, file)
    head, entry = place.read_bytes().splitlines()
    place.write_bytes(b"\n".join([head, line, entry, b""]))
    assert known(opened, file) == DIGEST


@pytest.mark.parametrize("content", [b"", b"\n", b"a photograph", b"reprocheck-inspection-journal 0 abc\n"])
def test_a_foreign_journal_is_replaced(opened: Open, root: Path, place: Path, content: bytes) -> None:
    file = file_in(root)
    place.parent.mkdir()
    place.write_bytes(content)
    assert known(opened, file) is None
    left_by(opened, file)
    assert known(opened, file) == DIGEST


def test_the_journal_of_another_prefix_is_replaced(opened: Open, root: Path, tmp_path: Path) -> None:
    file = file_in(root)
    left_by(opened, file)
    (tmp_path / "other").mkdir()
    journal = opened(folder=tmp_path / "other")
    assert journal.digest("a", file.stat()) is None
    journal.close(is_done=False)


@pytest.mark.parametrize(("age_h", "expected"), [(23, DIGEST), (25, None)])
def test_a_journal_of_yesterday_is_forgotten(
    opened: Open, root: Path, place: Path, age_h: int, expected: str | None
) -> None:
    file = file_in(root)
    left_by(opened, file)
    then = time.time() - age_h * 3600
    os.utime(place, (then, then))
    assert known(opened, file) == expected


def test_a_second_inspection_goes_on_without_the_journal_of_the_first(opened: Open, root: Path, place: Path) -> None:
    file = file_in(root)
    left_by(opened, file)
    first, second = opened(), opened()
    assert (first.digest("a", file.stat()), second.digest("a", file.stat())) == (DIGEST, None)
    second.add([hashed(file_in(root, "b"))])
    before = place.read_bytes()
    second.close(is_done=True)
    assert place.read_bytes() == before
    first.close(is_done=False)
    assert known(opened, file) == DIGEST


def test_it_is_written_every_second_or_so(opened: Open, root: Path, place: Path) -> None:
    journal = opened()
    journal.add([hashed(file_in(root, "a"))])
    assert len(place.read_bytes().splitlines()) == 1
    time.sleep(1.05)
    journal.add([hashed(file_in(root, "b"))])
    assert len(place.read_bytes().splitlines()) == 3
    journal.add([hashed(file_in(root, "c"))])
    assert len(place.read_bytes().splitlines()) == 3
    journal.close(is_done=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_where_no_journal_can_be_the_inspection_goes_on_without(opened: Open, root: Path, tmp_path: Path) -> None:
    file = file_in(root)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("elsewhere")
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "file" / "a.journal", tmp_path, tmp_path / "link", tmp_path / "fifo"):
        journal = opened(path)
        journal.add([hashed(file)])
        assert journal.digest("a", file.stat()) is None
        journal.close(is_done=False)
        journal.close(is_done=True)
    assert {path.name for path in tmp_path.iterdir()} == {"fifo", "file", "link", "prefix"}


@pytest.mark.parametrize("room_bytes", [0, 1000])
def test_a_full_disk_ends_the_journal_and_not_the_inspection(
    opened: Open, root: Path, place: Path, room_bytes: int
) -> None:
    resource = pytest.importorskip("resource", reason="needs resource limits")
    file = file_in(root)
    left_by(opened, file)
    many = [hashed(file_in(root, str(number))) for number in range(1000)]
    journal = opened()  # after they were made: a second later, `add` would write by itself
    journal.add(many)
    full_bytes = place.stat().st_size + room_bytes
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (full_bytes, limits[1]))
        journal.write()  # is cut at the limit
        journal.add([hashed(file)])
        journal.write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.close(is_done=False)
    assert place.stat().st_size == full_bytes
    assert known(opened, file) == DIGEST


@pytest.mark.skipif(sys.platform != "linux", reason="has no file that opens and then gives an input/output error")
def test_a_journal_that_gives_an_error_when_read_is_none(opened: Open) -> None:
    journal = opened(Path("/proc/self/mem"))
    journal.close(is_done=True)
    assert Path("/proc/self/mem").exists()


def test_its_place_follows_the_real_path_of_the_prefix(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "caches"), "LOCALAPPDATA": str(tmp_path / "caches")}
    place = journal_path(root, environ, tmp_path)
    assert journal_path(tmp_path / "link", environ, tmp_path) == place
    assert place.parts[-3:-1] == ("reprocheck", "inspections")
    assert place.name == f"{hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()}.journal"
    assert journal_path(tmp_path, environ, tmp_path) != place


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/me/.cache"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/me/.cache"),
        ("linux", {"LOCALAPPDATA": "/local"}, "/home/me/.cache"),
        ("darwin", {"XDG_CACHE_HOME": "/caches"}, "/home/me/Library/Caches"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local"),
        ("win32", {}, "/home/me/AppData/Local"),
    ],
)
def test_it_lies_where_the_system_keeps_caches(
    system: str, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    place = journal_path(Path("prefix"), environ, Path("/home/me"))
    assert place.parent.parent.parent == Path(expected)


def test_it_holds_lines_of_json(opened: Open, root: Path, place: Path) -> None:
    file = file_in(root)
    left_by(opened, file)
    status = file.stat()
    state = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_dev}"
    head, line = place.read_text("ascii").splitlines()
    assert head.split()[:2] == ["reprocheck-inspection-journal", "1"]
    assert json.loads(line) == ["a", state, DIGEST]

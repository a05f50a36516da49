"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reprocheck import atomic_write
from reprocheck.atomic_write import remove_leftovers, require_writable, staged_file, write_whole
from reprocheck.errors import UndecidedError

ROOT = Path(__file__).resolve().parent.parent


def test_new_bytes_replace_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["lock"]


def test_the_staged_file_can_be_read_before_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with staged_file(path, b"new") as staged:
        assert (staged.read_bytes(), path.exists()) == (b"new", False)
    assert path.read_bytes() == b"new"


def test_a_failure_in_between_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), staged_file(path, b"new"):
        raise RuntimeError
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["lock"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_the_mode_of_a_replaced_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_of_a_replaced_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    write_whole(path, b"new")
    assert (path.read_bytes(), path.stat().st_uid, path.stat().st_gid) == (b"new", 12345, 23456)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "lock", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o640


def test_a_missing_folder_is_an_undecided_error(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        write_whole(tmp_path / "absent" / "lock", b"new")
    assert caught.value.why == "no such file or directory"
    assert caught.value.exit_code == 3


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UndecidedError) as caught:
        write_whole(path, b"new")
    assert caught.value.why == "no space left on device"
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["lock"])


def test_a_target_that_cannot_be_replaced_is_an_undecided_error(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(UndecidedError):
        write_whole(tmp_path / "lock", b"new")
    assert os.listdir(tmp_path) == ["lock"]


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_kill_in_the_middle_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"old")
    program = f"""
        import os, signal
        from pathlib import Path
        from reprocheck.atomic_write import staged_file
        with staged_file(Path({str(path)!r}), b"new" * 100_000):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from reprocheck.atomic_write import staged_file
    with staged_file(Path(sys.argv[1]), b"new"):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_what_a_killed_writer_left_is_gone_after_the_next_write_to_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(2):
        words = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
        subprocess.run(words, cwd=ROOT, check=False)
        assert len(os.listdir(tmp_path)) == 1  # the second run took away what the first one left
    write_whole(tmp_path / "other", b"new")
    assert os.listdir(tmp_path) == ["other"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file locks that let a file be renamed")
def test_what_a_living_writer_has_staged_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with staged_file(path, b"new") as staged:
        remove_leftovers(path)
        write_whole(tmp_path / "other", b"other")
        assert staged.read_bytes() == b"new"
    assert (path.read_bytes(), sorted(os.listdir(tmp_path))) == (b"new", ["lock", "other"])


def test_only_our_own_kind_of_leftover_is_removed(tmp_path: Path) -> None:
    names = [
        ".lock.abcdefgh.tmp",
        "lock.abcdefgh.reprocheck.tmp",
        ".lock.reprocheck.tmp",
        ".lock.ABCDEFGH.reprocheck.tmp",
    ]
    for name in names:
        (tmp_path / name).write_text("somebody's")
    left = tmp_path / ".lock.abcdefgh.reprocheck.tmp"
    left.write_text("half a lo")
    os.utime(left, (0, 0))
    remove_leftovers(tmp_path / "lock")
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_leftovers_of_a_folder_that_is_not_there_are_none(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "absent" / "lock")


def test_where_files_cannot_be_locked_age_tells_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reprocheck.atomic_write._hold", lambda _descriptor, may_wait=False: False)
    young, old = (tmp_path / f".lock.{name}.reprocheck.tmp" for name in ("youngone", "old_old_"))
    young.write_text("")
    old.write_text("")
    os.utime(old, (0, 0))
    write_whole(tmp_path / "lock", b"new")
    assert sorted(os.listdir(tmp_path)) == sorted([young.name, "lock"])


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove open files")
def test_a_staged_file_that_was_taken_for_a_leftover_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its creation and its lock, another process may come by and clean up."""
    real = atomic_write._hold
    taken: list[Path] = []

    def late(descriptor: int, may_wait: bool = False) -> bool:
        if not taken:
            taken.extend(tmp_path.iterdir())
            remove_leftovers(tmp_path / "lock")
        return real(descriptor, may_wait)

    monkeypatch.setattr(atomic_write, "_hold", late)
    write_whole(tmp_path / "lock", b"new")
    assert (len(taken), os.listdir(tmp_path)) == (1, ["lock"])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open descriptors")
def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    write_whole(tmp_path / "lock", b"new")
    with pytest.raises(RuntimeError), staged_file(tmp_path / "lock", b"new"):
        raise RuntimeError
    (tmp_path / "folder").mkdir()
    with pytest.raises(UndecidedError):
        write_whole(tmp_path / "folder", b"new")
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_link_stays_a_link_and_the_file_behind_it_changes(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to("real")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_circle_of_links_gives_way_to_the_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("link")
    write_whole(link, b"new")
    assert link.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert (pipe.is_fifo(), os.listdir(tmp_path)) == (True, ["pipe"])


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_device_is_an_undecided_error_and_stays_a_device() -> None:
    with pytest.raises(UndecidedError) as caught:
        write_whole(Path("/dev/full"), b"new")
    assert caught.value.why == "no space left on device"
    assert Path("/dev/full").is_char_device()


def test_a_folder_that_can_be_written_to_is_no_fault(tmp_path: Path) -> None:
    require_writable(tmp_path / "new.json")


@pytest.mark.parametrize(("folder", "why"), [("no", "no such folder"), (".", "the folder may not be written to")])
def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, why: str
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may write everywhere
    with pytest.raises(UndecidedError, match="cannot write") as caught:
        require_writable(tmp_path / folder / "r.json")
    assert caught.value.why == why

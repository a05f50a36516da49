"""Two processes that write to one folder take turns, and the death of one never shuts out the other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from reprocheck import folder_lock
from reprocheck.errors import UndecidedError
from reprocheck.folder_lock import one_at_a_time

ROOT = Path(__file__).resolve().parent.parent
HOLD = """
    import sys, time
    from pathlib import Path
    from reprocheck.folder_lock import one_at_a_time
    with one_at_a_time(Path(sys.argv[1]), 10, print):
        print("mine", flush=True)
        time.sleep(float(sys.argv[2]))
        Path(sys.argv[1]).write_text(Path(sys.argv[1]).read_text() + "x")
"""


def start(path: Path, hold_s: float) -> subprocess.Popen[str]:
    """Start a process that holds the folder of `path` for some time, then appends to the file."""
    words = [sys.executable, "-c", textwrap.dedent(HOLD), str(path), str(hold_s)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env)


@contextlib.contextmanager
def held(path: Path, hold_s: float) -> Iterator[subprocess.Popen[str]]:
    """Yield such a process once it holds the folder; whatever is left of it is killed in the end."""
    with start(path, hold_s) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def without_number(message: str, process: subprocess.Popen[str]) -> str:
    """Take out the number of the process, which only some kernels tell."""
    return message.replace(f" (process {process.pid})", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "project" / "conda-lock.yml"
    target.parent.mkdir()
    target.write_text("")
    return target


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be locked there")
def test_the_lock_of_a_folder_that_was_removed_meanwhile_is_none(path: Path) -> None:
    """Whoever makes it anew would hold another one, and both would write."""

    def move_away(_message: str) -> None:
        path.parent.rename(path.parent.with_name("gone"))
        first.kill()

    with held(path, 60) as first, pytest.raises(UndecidedError) as caught, one_at_a_time(path, 10, move_away):
        pass
    assert caught.value.lines() == [
        f"error: `{path.parent}` is gone",
        f"  where: {path.parent}",
        "  why:   another reprocheck has removed it meanwhile",
        "  how:   run again",
    ]


def test_a_free_folder_is_held_without_a_word_and_without_a_file(path: Path) -> None:
    said: list[str] = []
    with one_at_a_time(path, 0, said.append):
        assert os.listdir(path.parent) == ["conda-lock.yml"]
    with one_at_a_time(path, 0, said.append):
        pass
    assert said == []


@pytest.mark.parametrize("turn", range(5))
def test_the_second_waits_and_says_for_whom(path: Path, turn: int) -> None:
    said: list[str] = []
    with held(path, 0.3) as first, one_at_a_time(path, 10, said.append):
        assert path.read_text() == "x"
    assert [without_number(message, first) for message in said] == [
        "waiting for another reprocheck, which writes to the same folder"
    ]


def test_who_waits_in_vain_is_told_who_is_busy(path: Path) -> None:
    with held(path, 30) as first, pytest.raises(UndecidedError) as caught:  # noqa: SIM117
        with one_at_a_time(path, 0.2, lambda _message: None):
            raise AssertionError
    folder = path.parent.resolve().as_posix()
    assert [without_number(line, first) for line in caught.value.lines()] == [
        f"error: another reprocheck is busy with `{folder}`",
        f"  where: {folder}",
        "  why:   it was not done within 0.2 s",
        "  how:   let it come to its end, or end it, and run again",
    ]
    assert caught.value.exit_code == 3


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("turn", range(5))
def test_a_killed_holder_lets_go(path: Path, turn: int) -> None:
    with held(path, 30) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait(10) == -signal.SIGKILL
    with one_at_a_time(path, 0, lambda _message: None):
        assert os.listdir(path.parent) == ["conda-lock.yml"]


def test_ten_at_once_lose_nothing(path: Path) -> None:
    crowd = [start(path, 0.01) for _ in range(10)]
    for process in crowd:
        process.communicate(timeout=60)
    assert [process.returncode for process in crowd] == [0] * 10
    assert path.read_text() == "x" * 10


def test_a_link_is_the_file_behind_it_and_another_folder_is_free(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    with held(path, 30):
        with one_at_a_time(tmp_path / "own.yml", 0, lambda _message: None):
            pass
        with pytest.raises(UndecidedError), one_at_a_time(link, 0, lambda _message: None):
            raise AssertionError


def test_an_error_inside_lets_go(path: Path) -> None:
    with pytest.raises(RuntimeError), one_at_a_time(path, 0, lambda _message: None):
        raise RuntimeError
    with one_at_a_time(path, 0, lambda _message: None):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_held_by_its_stand_in(path: Path) -> None:
    path.parent.chmod(0o300)
    with one_at_a_time(path, 0, lambda _message: None):
        pass
    path.parent.chmod(0o700)


def test_a_folder_that_is_not_there_is_held_by_its_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    absent = tmp_path / "absent" / "lock"
    with one_at_a_time(absent, 0, lambda _message: None):
        assert [name[:11] for name in os.listdir(temporary)] == ["reprocheck-"]
        with pytest.raises(UndecidedError), one_at_a_time(absent, 0, lambda _message: None):
            raise AssertionError
    with one_at_a_time(absent, 0, lambda _message: None):
        pass


def test_a_file_system_without_folder_locks_is_held_by_its_stand_in(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does: a folder, which cannot be open for writing, cannot be locked."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    real = folder_lock._take

    def only_files(descriptor: int) -> bool:
        if os.path.samestat(os.fstat(descriptor), path.parent.stat()):
            raise OSError(9, "Bad file descriptor")
        return real(descriptor)

    monkeypatch.setattr(folder_lock, "_take", only_files)
    with one_at_a_time(path, 0, lambda _message: None):
        with pytest.raises(UndecidedError), one_at_a_time(path, 0, lambda _message: None):
            raise AssertionError
        assert os.listdir(path.parent) == ["conda-lock.yml"]


def test_nothing_to_lock_at_all_is_an_undecided_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(UndecidedError) as caught, one_at_a_time(tmp_path / "no" / "l", 0, lambda _message: None):
        raise AssertionError
    assert (caught.value.what, caught.value.why) == (
        f"cannot lock `{(tmp_path / 'no').resolve().as_posix()}` against a second run",
        "no such file or directory",
    )


def test_the_number_of_the_holder_is_read_from_the_kernels_table(path: Path, tmp_path: Path) -> None:
    """Source: proc_locks(5)."""
    status = path.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    table = tmp_path / "locks"
    with path.open() as stream:
        table.write_text(f"1: POSIX  ADVISORY  WRITE 7 {place} 0 EOF\n2: FLOCK  ADVISORY  WRITE 42 {place} 0 EOF\n")
        assert folder_lock._holder(stream.fileno(), table) == "another reprocheck (process 42)"
        table.write_text(
            f"1: FLOCK  ADVISORY  WRITE 0 {place} 0 EOF\n2: FLOCK\n3: FLOCK ADVISORY WRITE 5 1:2:3 0 EOF\n"
        )
        assert folder_lock._holder(stream.fileno(), table) == "another reprocheck"
        assert folder_lock._holder(stream.fileno(), tmp_path / "absent") == "another reprocheck"

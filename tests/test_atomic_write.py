"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reprocheck.atomic_write import require_writable, staged_file, write_whole
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

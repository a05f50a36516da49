from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from reprocheck.machine.capacities import read_capacities


def test_room_is_told_in_bytes_and_files(tmp_path: Path) -> None:
    (tmp_path / "dev/shm").mkdir(parents=True)
    told: Any = read_capacities(tmp_path, tmp_path)
    assert 0 < told["sharedMemory"]["free"] <= told["sharedMemory"]["size"]
    assert told["disk"]["here"] > 0
    assert told["disk"]["temporary"] > 0
    if sys.platform != "win32":
        assert told["openFiles"]["limit"] > 0


def test_a_folder_that_is_gone_has_a_status(tmp_path: Path) -> None:
    told: Any = read_capacities(tmp_path / "gone", tmp_path)
    assert told["disk"]["here"] == {"status": "error", "detail": "no such file or directory"}
    assert told["sharedMemory"] == {"status": "missing", "detail": "no /dev/shm"}


def test_a_current_folder_that_was_removed_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    told: Any = read_capacities(Path(), tmp_path)
    assert isinstance(told["disk"]["here"], (int, dict))


def test_no_place_for_temporary_files_has_a_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    told: Any = read_capacities(tmp_path, tmp_path)
    assert told["disk"]["temporary"] == {"status": "error", "detail": "no such file or directory"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file system")
def test_shared_memory_that_cannot_be_asked_has_a_status(tmp_path: Path) -> None:
    (tmp_path / "dev").write_text("")
    told: Any = read_capacities(tmp_path, tmp_path)
    assert told["sharedMemory"] == {"status": "error", "detail": "not a directory"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("limit", [-1, 2**63])
def test_no_limit_of_open_files_fits_into_a_document(
    limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY if limit < 0 else limit, limit))
    told: Any = read_capacities(tmp_path, tmp_path)
    assert told["openFiles"] == {"limit": 2**53 - 1}


def test_windows_has_no_limit_of_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    told: Any = read_capacities(tmp_path, tmp_path)
    assert told["openFiles"] == {"status": "missing", "detail": "Windows has no such limit"}

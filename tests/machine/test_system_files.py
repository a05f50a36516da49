from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.machine.system_files import read_text


def test_a_file_is_read_and_bad_bytes_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "version").write_bytes(b"ok \xff\n")
    assert read_text(tmp_path / "version") == "ok �\n"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert read_text(tmp_path / "cpuinfo") == {"status": "missing", "detail": "no cpuinfo"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_denied(tmp_path: Path) -> None:
    (tmp_path / "version").touch(mode=0o000)
    assert read_text(tmp_path / "version") == {"status": "denied", "detail": "version may not be read"}


@pytest.mark.skipif(os.name == "nt", reason="Windows calls it denied")
def test_a_folder_is_an_error(tmp_path: Path) -> None:
    assert read_text(tmp_path) == {"status": "error", "detail": "is a directory"}

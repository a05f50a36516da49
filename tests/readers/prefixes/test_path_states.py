from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from reprocheck.model.prefixes import PathKind
from reprocheck.readers.prefixes.path_states import look


def state(root: Path, path: str, kind: PathKind = "file") -> str:
    return look(str(root), path, kind).state


def test_a_file_is_there_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    found = look(str(tmp_path), "a", "file")
    assert found.state == "there"
    assert found.status is not None
    assert found.status.st_size == 4


@pytest.mark.parametrize("path", ["gone", "no/such/folder", "file/below", "with\0nul", "lone\ud800surrogate"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_does_not_lie_there_is_missing(tmp_path: Path, path: str, kind: PathKind) -> None:
    (tmp_path / "file").touch()
    assert state(tmp_path, path, kind) == "missing"


@pytest.mark.parametrize("path", ["../a", "lib/../../a", "lib/..", "/etc/hostname"])
def test_what_leads_out_of_the_prefix_is_not_looked_at(tmp_path: Path, path: str) -> None:
    (tmp_path / "prefix" / "lib").mkdir(parents=True)
    (tmp_path / "a").touch()
    assert look(str(tmp_path / "prefix"), path, "file") == ("unreadable", None)


def test_two_dots_in_a_name_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a..b").touch()
    assert state(tmp_path, "a..b") == "there"


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert [state(tmp_path, "folder"), state(tmp_path, "file", "folder")] == ["other-kind", "other-kind"]
    assert state(tmp_path, "folder", "folder") == "there"


def test_a_link_stands_for_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"four")
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "to-folder").symlink_to("folder")
    found = look(str(tmp_path), "to-file", "file")
    assert found.status is not None
    assert (found.state, found.status.st_size) == ("there", 4)
    assert [state(tmp_path, "to-folder"), state(tmp_path, "to-folder", "folder")] == ["other-kind", "there"]


@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_a_link_that_leads_nowhere_is_no_file_but_it_is_a_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    assert [state(tmp_path, "link"), state(tmp_path, "link", "link")] == ["other-kind", "there"]


def test_a_link_out_of_the_prefix_is_followed(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "file").touch()
    (tmp_path / "prefix").mkdir()
    (tmp_path / "prefix" / "lib").symlink_to("../cache")
    assert state(tmp_path / "prefix", "lib/file") == "there"


def test_a_name_that_is_too_long_to_look_for_is_unreadable(tmp_path: Path) -> None:
    assert state(tmp_path, "a" * 5000) == "unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs and sockets with names")
def test_a_fifo_a_socket_and_a_device_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "null").symlink_to("/dev/null")
    monkeypatch.chdir(tmp_path)  # the address of a socket may have a hundred characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert {state(tmp_path, name) for name in ("fifo", "socket", "null")} == {"other-kind"}

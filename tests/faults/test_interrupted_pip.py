"""Ctrl-C while uv asks an index: uv goes too, its folder goes, and the old lock stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_who_is_interrupted_while_uv_waits_leaves_no_uv_behind(project: Any, tmp_path: Path, name: str) -> None:
    """The index takes calls and never answers: that a call ends shows that who called is gone."""
    before = project.files
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as index:
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        pip = f"pip:\n  - --index-url {address}\n  - thing"
        project.ask_for("python", pip, platforms="linux-64, osx-arm64")
        env = {**os.environ, "PYTHONPATH": str(ROOT), "UV_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(scratch)}
        process = subprocess.Popen(
            [sys.executable, "-m", "reprocheck", "lock", "--cuda", "none"],
            cwd=project.folder,
            env=env,
            text=True,
            stderr=subprocess.PIPE,
        )
        index.settimeout(60)
        calls = [index.accept()[0] for _ in range(2)]
        process.send_signal(getattr(signal, name))
        _, told = process.communicate(timeout=60)
        for call in calls:
            with call:
                call.settimeout(10)
                while call.recv(65536):
                    pass
    assert (process.returncode, told) == (130, "\ninterrupted: nothing was changed\n")
    assert project.files == before
    assert list(scratch.iterdir()) == []

"""Ctrl-C while `fingerprint --probes` measures in threads of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment

STUCK = "import os, time; open({path!r} + str(os.getpid()), 'w'); time.sleep(60)\n"
WORKERS = 3  # one describes, two measure


@pytest.mark.skipif(sys.platform != "linux", reason="signals, and /proc to see what is left")
def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    temporary, started, stub = tmp_path / "temporary", tmp_path / "started", tmp_path / "stub"
    for folder in (temporary, started, stub):
        folder.mkdir()
    (stub / "torch.py").write_text(STUCK.format(path=f"{started}/"), encoding="utf-8")
    env = clean_environment({"PYTHONPATH": os.pathsep.join([str(stub), str(ROOT)]), "TMPDIR": str(temporary)})
    command = [sys.executable, "-m", "reprocheck", "fingerprint", "--probes"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + 60
        while len(os.listdir(started)) < WORKERS and process.poll() is None and time.monotonic() < until_s:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"interrupted: nothing was changed")
    assert os.listdir(temporary) == []
    assert not [pid for pid in os.listdir(started) if Path(f"/proc/{pid}/cmdline").exists()]

"""Ctrl-C while `record` and `verify` look at the machine in a thread of its own."""

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


@pytest.mark.skipif(sys.platform != "linux", reason="signals, and /proc to see what is left")
@pytest.mark.parametrize("workers", [0, 1, 2])  # that have begun: the one that trains, and the one that describes
def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path, workers: int) -> None:
    temporary, started, stub, work = (tmp_path / name for name in ("temporary", "started", "stub", "work"))
    for folder in (temporary, started, stub, work):
        folder.mkdir()
    (stub / "torch.py").write_text(STUCK.format(path=f"{started}/"), encoding="utf-8")
    env = clean_environment({"PYTHONPATH": os.pathsep.join([str(stub), str(ROOT)]), "TMPDIR": str(temporary)})
    command = [sys.executable, "-m", "reprocheck", "record", "--no-probes"]
    with subprocess.Popen(command, cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + 60
        while not _is_so_far(started, temporary, workers) and process.poll() is None and time.monotonic() < until_s:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"interrupted: nothing was changed")
    assert os.listdir(temporary) == []
    assert os.listdir(work) == []
    assert not [pid for pid in os.listdir(started) if Path(f"/proc/{pid}/cmdline").exists()]


def _is_so_far(started: Path, temporary: Path, workers: int) -> bool:
    """Say whether so many workers load torch; none of them means that the first folder is being filled."""
    return len(os.listdir(started)) >= workers if workers else bool(os.listdir(temporary))

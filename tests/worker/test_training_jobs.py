"""The jobs that train and replay, where there is nothing to do it with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reprocheck.machine.worker_process import WorkerOptions, run_job


@pytest.mark.parametrize("job", ["train", "replay"])
def test_a_torch_that_cannot_be_loaded_is_told_without_folders_and_passwords(tmp_path: Path, job: str) -> None:
    """In a process of its own: a module named torch that cannot be loaded lies before the real one."""
    source = "raise ImportError('/home/alice/libc10.so: undefined symbol, see https://alice:secret@help.invalid/x')\n"
    (tmp_path / "torch.py").write_text(source, encoding="utf-8")
    lines = run_job(Path(sys.executable), {"job": job}, WorkerOptions(switches={"PYTHONPATH": str(tmp_path)}))
    reason = "ImportError: <path>: undefined symbol, see <address>"
    assert lines == ({"kind": "no-torch", "reason": reason},)

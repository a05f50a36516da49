"""Two locks of one folder at once: one waits for the other, both come to their end, and the lock is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reprocheck.folder_lock import one_at_a_time
from reprocheck.readers.conda_lock_yml import read_lock

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "reprocheck", "lock", "--cuda", "none", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        words, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("turn", range(5))
def test_three_at_once_write_the_lock_once(project: Any, turn: int) -> None:
    crowd = [start(project.folder) for _ in range(3)]
    told = [process.communicate(timeout=120) for process in crowd]
    assert [process.returncode for process in crowd] == [0, 0, 0], told
    last_lines = sorted(out.splitlines()[-1].split(":")[0] for out, _ in told)
    assert last_lines == ["conda-lock.yml is up to date, not touched"] * 2 + ["updated conda-lock.yml"]
    assert os.listdir(project.folder).count("conda-lock.yml") == 1
    assert list(project.files) == ["conda-lock.yml"]
    assert {package.name for package in read_lock(project.folder / "conda-lock.yml").packages} == {"numpy", "python"}


@pytest.mark.parametrize("turn", range(5))
def test_who_waits_for_longer_than_it_may_says_who_is_busy(project: Any, turn: int) -> None:
    before = project.files
    with one_at_a_time(project.folder / "conda-lock.yml", 0, lambda _message: None):
        process = start(project.folder, "--timeout", "1")
        _, told = process.communicate(timeout=60)
    folder = project.folder.resolve().as_posix()
    assert process.returncode == 3
    assert told.replace(f" (process {os.getpid()})", "") == (
        f"error: another reprocheck is busy with `{folder}`\n"
        f"  where: {folder}\n"
        "  why:   it was not done within 1 s\n"
        "  how:   let it come to its end, or end it, and run again\n"
    )
    assert project.files == before


@pytest.mark.parametrize("options", [("--check",), ("--dry-run",)])
def test_who_writes_nothing_waits_for_nobody(project: Any, options: tuple[str, ...]) -> None:
    with one_at_a_time(project.folder / "conda-lock.yml", 0, lambda _message: None):
        process = start(project.folder, *options)
        out, err = process.communicate(timeout=60)
    assert err == ""
    assert "- torchlike 2.5.0 cpu_0\n" in out


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has them")
def test_who_is_interrupted_while_it_waits_is_exit_130_and_leaves_everything(project: Any) -> None:
    before = project.files
    with one_at_a_time(project.folder / "conda-lock.yml", 0, lambda _message: None):
        process = start(project.folder)
        time.sleep(2)  # by then it waits for us; earlier is as good, for nothing is written before
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "\ninterrupted: nothing was changed\n")
    assert project.files == before

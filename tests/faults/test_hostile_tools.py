"""Every program that a command may find on the search path misbehaves: it still ends soon, with statuses and its code.

Twelve seconds are the promise. Each run prints how long it took (`pytest -rP`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="POSIX shell scripts, and /proc to see what is left")

ROOT = Path(__file__).resolve().parents[2]
PROMISED_S = 12.0

# A new command is one line: its name, its words, the code that it ends with, and what it writes about the machine.
COMMANDS: tuple[tuple[str, tuple[str, ...], int, str], ...] = (
    ("audit", ("audit",), 1, "GPU is known of this machine"),
    ("fingerprint", ("fingerprint",), 0, "Accelerators"),
    ("doctor", ("doctor",), 1, "torch           not      torch is not installed"),
)

TOOLS = (
    *(
        "nvidia-smi",
        "nvcc",
        "modinfo",
        "lspci",
        "rocm-smi",
        "ldconfig",
        "sysctl",
        "uname",
        "gcc",
        "cc",
        "objdump",
        "ld",
    ),
    *("git", "uv", "pip", "conda", "mamba", "micromamba", "pixi", "conda-lock", "python", "python3", "jupyter"),
)

# What each of them does, as a shell script; None leaves them all out.
BEHAVIOURS: dict[str, str | None] = {
    "hanging": "trap '' TERM HUP INT\nwhile :; do /bin/sleep 60; done",
    "hanging behind a head": "trap '' TERM\necho '| NVIDIA-SMI 535.161.08  Driver Version: 535.1'\n/bin/sleep 60",
    "dribbling": "while :; do printf x; /bin/sleep 0.05; done",
    "grandchild on the streams": "(trap '' TERM HUP; /bin/sleep 61) &\necho done",
    "missing": None,
    "flooding": "exec /usr/bin/yes",
    "flooding errors": "exec /usr/bin/yes >&2",
    "garbage": "/usr/bin/head -c 65536 /dev/urandom",
    "garbage and a failure": "/usr/bin/head -c 65536 /dev/urandom >&2; exit 1",
    "huge numbers": 'echo "GPU, 99999999999999999999999, 9, 9.9, 9999999.9"; echo "Driver Version: 999999999999.9 "',
    "code 127": "exit 127",
    "crashing": "kill -SEGV $$",
    "killed": "kill -KILL $$",
}
DRIVER_HANGS = "libcuda hanging"
HANGING_LIBCUDA = """
#include <signal.h>
#include <unistd.h>
int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
int cuInit(unsigned flags) { (void)flags; signal(SIGTERM, SIG_IGN); for (;;) sleep(60); }
"""


@dataclass(frozen=True)
class Ended:
    """How one run ended, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float
    left: tuple[str, ...]


def stand_ins(folder: Path, script: str | None) -> Path:
    folder.mkdir()
    for name in TOOLS if script is not None else ():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def left_behind(mark: str) -> tuple[str, ...]:
    """Return the processes that still run a program below the folder `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").replace("\0", " ").strip()
        except OSError:
            continue  # it has just ended
        if mark in words:
            found.append(words)
    return tuple(found)


def run(folder: Path, words: tuple[str, ...], script: str | None, libraries: str = "") -> Ended:
    """Run a command in a small project whose search path holds nothing but the stand-ins."""
    folder.mkdir()
    path = stand_ins(folder / "bin", script)
    (folder / "environment.yml").write_text("channels: [conda-forge]\ndependencies:\n- python=3.12\n")
    (folder / "modules").mkdir()
    (folder / "modules/torch.py").write_text("raise ModuleNotFoundError('none', name='torch')")  # loads at once
    env = {
        "PATH": str(path),
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(folder / "modules"), str(ROOT)]),
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, [libraries, os.environ.get("LD_LIBRARY_PATH", "")])),
        "PYTHONDEVMODE": "1",  # tells of files, threads and children that were forgotten
    }
    started = time.monotonic()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, "-m", "reprocheck", *words]
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        code = process.wait(timeout=100)
    seconds = time.monotonic() - started
    out_text, err_text = ((folder / name).read_bytes().decode() for name in ("out", "err"))
    return Ended(code, out_text, err_text, seconds, left_behind(str(path)))


def hanging_libcuda(folder: Path) -> str:
    """Return a folder with a libcuda whose `cuInit` never returns."""
    folder.mkdir()
    (folder / "cuda.c").write_text(HANGING_LIBCUDA)
    command = ["cc", "-shared", "-fPIC", "-o", str(folder / "libcuda.so.1"), str(folder / "cuda.c")]
    subprocess.run(command, check=True)
    return str(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Ended]]:
    """Start a few runs at a time, those that wait first: many at once would measure how long Python takes to start."""
    base = tmp_path_factory.mktemp("hostile")
    cases = [(behaviour, script, "") for behaviour, script in BEHAVIOURS.items()]
    if shutil.which("cc"):
        cases.insert(0, (DRIVER_HANGS, None, hanging_libcuda(base / "libraries")))
    ended: dict[tuple[str, str], Future[Ended]] = {}
    with ThreadPoolExecutor(max_workers=5) as pool:
        for number, (behaviour, script, libraries) in enumerate(cases):
            for name, words, _, _ in COMMANDS:
                ended[behaviour, name] = pool.submit(run, base / f"{name}-{number}", words, script, libraries)
        yield lambda behaviour, name: ended[behaviour, name].result()


@pytest.mark.parametrize(("name", "code", "told"), [(name, code, told) for name, _, code, told in COMMANDS])
@pytest.mark.parametrize("behaviour", [*BEHAVIOURS, DRIVER_HANGS])
def test_a_command_ends_in_time_with_its_code_whatever_the_tools_do(
    runs: Callable[[str, str], Ended], behaviour: str, name: str, code: int, told: str
) -> None:
    if behaviour == DRIVER_HANGS and not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    ended = runs(behaviour, name)
    print(f"{name}, {behaviour}: {ended.seconds:.1f} s")
    assert (ended.code, ended.err) == (code, "")
    assert told in ended.out
    assert ended.seconds < PROMISED_S
    assert ended.left == ()


def test_a_tool_that_hangs_is_no_missing_driver(runs: Callable[[str, str], Ended]) -> None:
    assert "(timeout: no answer within 8 s)" in runs("hanging", "audit").out
    assert "which has no NVIDIA driver" in runs("missing", "audit").out


def test_ctrl_c_ends_the_tools_that_hang(tmp_path: Path) -> None:
    """They are in sessions of their own, which no signal of the terminal reaches."""
    path = stand_ins(
        tmp_path / "bin", f"trap '' TERM HUP INT\necho >{tmp_path}/started\nwhile :; do /bin/sleep 60; done"
    )
    (tmp_path / "environment.yml").write_text("dependencies:\n- python=3.12\n")
    env = {"PATH": str(path), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reprocheck", "audit"]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=said, stderr=said)
        while not (tmp_path / "started").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert process.wait(timeout=60) == 130
    assert time.monotonic() - started < 6
    assert b"Traceback" not in (tmp_path / "said").read_bytes()
    assert left_behind(str(path)) == ()

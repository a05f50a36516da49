"""A disk that is full and a user who has enough, while a command is recorded: the earlier record stays.

The command plays the hooks itself, so that no torch is needed to see how it ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import clean_environment
from tests.numerics.watched_shapes import end, start, step

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, resource limits, and /proc")

TOLD = """
import json, os, sys, time
job = json.load(open(os.environ["REPROCHECK_WATCH"]))
with open(os.path.join(job["answers"], f"run-0-{{os.getpid()}}.jsonl"), "a") as stream:
    stream.write({lines!r})
{more}
"""
# A process may not write a file beyond this size: the kernel's own refusal, in the middle of the bytes.
LIMITED = """
import resource, sys
from reprocheck.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "r.json").write_text("the earlier record", encoding="utf-8")
    return tmp_path


def write_script(folder: Path, more: str = "") -> None:
    lines = "".join(json.dumps(line) + "\n" for line in (start(python=sys.executable), step(0), end(1)))
    (folder / "script.py").write_text(TOLD.format(lines=lines, more=more), encoding="utf-8")


def begin(folder: Path, *head: str) -> subprocess.Popen[str]:
    words = ["record", "--no-probes", "-o", "r.json", "--", sys.executable, "script.py"]
    env = clean_environment({"TMPDIR": str(folder / "temporary"), "PYTHONDONTWRITEBYTECODE": "1"})
    return subprocess.Popen(
        [sys.executable, *head, *words], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def left(folder: Path) -> list[str]:
    """Return what is there beside the script and the earlier record; torch may leave a folder for its own caches."""
    names = [*os.listdir(folder), *os.listdir(folder / "temporary")]
    return sorted(
        name for name in names if name not in ("script.py", "r.json", "temporary", "pid", "torchinductor_root")
    )


def test_a_disk_that_takes_no_more_leaves_the_earlier_record(folder: Path) -> None:
    write_script(folder)
    with begin(folder, "-c", LIMITED, "30000") as process:
        out, err = process.communicate(timeout=240)
    assert (process.returncode, out) == (3, "")
    assert err.splitlines() == [
        "error: cannot write `r.json`",
        "  where: .",
        "  why:   file too large",
        "  how:   choose a folder that exists, is writable and has room; the old file is untouched",
    ]
    assert ((folder / "r.json").read_text(), left(folder)) == ("the earlier record", [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_recording_leaves_the_earlier_record_and_no_process(
    folder: Path, number: signal.Signals
) -> None:
    write_script(folder, "open('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    with begin(folder, "-m", "reprocheck") as process:
        until_s = time.monotonic() + 60
        while not (folder / "pid").exists() and time.monotonic() < until_s:
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-1]) == (130, "interrupted: nothing was changed")
    assert ((folder / "r.json").read_text(), left(folder)) == ("the earlier record", [])
    assert not Path(f"/proc/{(folder / 'pid').read_text()}/cmdline").exists()


def test_a_command_that_fails_at_once_leaves_no_reading_of_its_python_behind(folder: Path) -> None:
    (folder / "script.py").write_text("raise SystemExit(2)", encoding="utf-8")
    with begin(folder, "-m", "reprocheck") as process:
        _, err = process.communicate(timeout=60)
    first = "error: the command ended with exit code 2 before its first optimizer step"
    assert (process.returncode, err.splitlines()[0]) == (3, first)
    assert ((folder / "r.json").read_text(), left(folder)) == ("the earlier record", [])


def test_a_folder_that_is_missing_is_found_before_the_command_runs(folder: Path) -> None:
    write_script(folder, "open('pid', 'w').write('ran')")
    words = ["record", "-o", "no/r.json", "--", sys.executable, "script.py"]
    command = [sys.executable, "-m", "reprocheck", *words]
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "error: cannot write `no/r.json`")
    assert not (folder / "pid").exists()

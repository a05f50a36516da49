"""A child that is bound to us runs as itself, and ends when we are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reprocheck.machine.bound_child import bound_to_us
from reprocheck.machine.child_process import run_child

ROOT = Path(__file__).resolve().parents[2]


def test_it_gets_its_arguments_and_gives_its_output_and_its_exit_code() -> None:
    outcome = run_child(bound_to_us(["/bin/sh", "-c", 'echo "$0 $1"; exit 3', "a b", "ü"]), deadline_s=20)
    assert (outcome.status, outcome.stdout) == ("exit-3", "a b ü\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_of_somebody_who_is_gone_does_not_start() -> None:
    command = bound_to_us(["/bin/echo", "started"])
    place = command.index("/bin/echo") - 1
    outcome = run_child([*command[:place], "1", *command[place + 1 :]], deadline_s=20)
    assert (outcome.status, outcome.stdout) == ("exit-143", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_ends_when_we_are_killed(tmp_path: Path) -> None:
    text = (
        "import sys\nfrom reprocheck.machine.bound_child import bound_to_us\n"
        "from reprocheck.machine.child_process import run_child\n"
        "run_child(bound_to_us(['/bin/sh', '-c', 'echo $$ > ' + sys.argv[1] + '; exec sleep 60']), deadline_s=60)\n"
    )
    pid = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", text, str(pid)], cwd=ROOT) as process:
        end_s = time.monotonic() + 20
        while not (pid.is_file() and pid.read_text().strip()):
            assert time.monotonic() < end_s
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    while _runs(int(pid.read_text())):
        assert time.monotonic() < end_s
        time.sleep(0.02)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

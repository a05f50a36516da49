"""`run_child` against real children that misbehave."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Timer

import pytest

from reprocheck.machine.child_process import ChildOutcome, _stop, run_child

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals and process groups of POSIX")


def run_script(script: str, *, deadline_s: float = 20.0, output_limit_bytes: int = 1_000_000) -> ChildOutcome:
    return run_child([sys.executable, "-c", script], deadline_s=deadline_s, output_limit_bytes=output_limit_bytes)


def test_a_good_child_tells_both_streams_apart() -> None:
    outcome = run_script("import sys; print('out'); print('err', file=sys.stderr)")
    assert outcome == ChildOutcome(status="ok", stdout="out\n", stderr="err\n", detail="")


def test_an_exit_code_becomes_the_status() -> None:
    assert run_script("raise SystemExit(9)").status == "exit-9"


@posix_only
def test_a_crash_counts_as_shells_count() -> None:
    assert run_script("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)").status == "exit-139"


@posix_only
def test_a_child_that_ignores_sigterm_ends_at_the_deadline() -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    started = time.monotonic()
    outcome = run_script(script, deadline_s=2.0)
    assert time.monotonic() - started < 10
    assert outcome == ChildOutcome(status="timeout", stdout="up\n", detail="no answer within 2 s")


def test_a_child_ends_when_another_thread_says_so() -> None:
    stop = Event()
    timer = Timer(0.2, stop.set)
    timer.start()
    started = time.monotonic()
    outcome = run_child([sys.executable, "-c", "import time; time.sleep(60)"], deadline_s=50.0, stop=stop)
    assert time.monotonic() - started < 20
    assert outcome == ChildOutcome(status="stopped")
    timer.join()


@posix_only
def test_a_grandchild_that_keeps_the_streams_open_delays_nothing_and_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    grandchild = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    script = (
        "import subprocess, sys, time, os\n"
        f"subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        f"while not (os.path.exists({str(pid_file)!r}) and os.path.getsize({str(pid_file)!r})): time.sleep(0.01)\n"
        "print('done')"
    )
    started = time.monotonic()
    outcome = run_script(script)
    assert time.monotonic() - started < 15
    assert (outcome.status, outcome.stdout) == ("ok", "done\n")
    assert wait_until_gone(int(pid_file.read_text()))


def wait_until_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return not Path(f"/proc/{pid}").exists()
        if state == "Z":  # ended; whoever adopted it has not asked yet
            return True
        time.sleep(0.02)
    return False


def test_a_flood_of_output_is_cut_off() -> None:
    script = "import sys\nwhile True: sys.stdout.buffer.write(b'x' * 65536)"
    outcome = run_script(script, output_limit_bytes=100_000)
    assert outcome.status == "too-much-output"
    assert outcome.detail == "more than 100000 bytes of output"
    assert outcome.stdout == "x" * 100_000


def test_too_much_output_of_a_child_that_has_ended_counts_too() -> None:
    assert run_script("print('x' * 5000)", output_limit_bytes=1000).status == "too-much-output"


def test_output_within_the_limit_is_no_flood() -> None:
    assert run_script("print('x' * 999)", output_limit_bytes=1000).status == "ok"


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    outcome = run_script(r"import sys; sys.stdout.buffer.write(b'Xeon\xff\xae\n')")
    assert (outcome.status, outcome.stdout) == ("ok", "Xeon��\n")


def test_a_missing_program_is_missing(tmp_path: Path) -> None:
    outcome = run_child([str(tmp_path / "nvidia-smi")], deadline_s=5.0)
    assert outcome == ChildOutcome(status="missing", detail="no such program")


@posix_only
def test_a_file_that_may_not_be_run_is_denied(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    assert run_child([str(program)], deadline_s=5.0).status == "denied"


@posix_only
def test_a_locked_folder_on_the_path_makes_no_program_forbidden(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)  # root may look into every folder
    try:
        outcome = run_child(["nvidia-smi"], deadline_s=5.0, env={"PATH": str(locked)})
    finally:
        os.seteuid(was)
    assert outcome == ChildOutcome(status="missing", detail="no such program")


@posix_only
def test_a_file_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_bytes(b"\x00\x01 not a program")
    program.chmod(0o755)
    outcome = run_child([str(program)], deadline_s=5.0)
    assert outcome == ChildOutcome(status="error", detail="exec format error")


def test_the_environment_is_the_one_that_was_given() -> None:
    command = [sys.executable, "-c", "import os; print(os.environ.get('REPROCHECK_TEST'))"]
    assert run_child(command, deadline_s=20.0, env={**os.environ, "REPROCHECK_TEST": "7"}).stdout == "7\n"


def test_a_child_reads_nothing_from_our_input() -> None:
    assert run_script("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


class StuckChild:
    """A process in uninterruptible sleep: no signal ends it. Its group does not exist."""

    pid = 2**22 + 1  # above the largest process id of Linux
    returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        raise subprocess.TimeoutExpired("stuck", timeout or 0.0)

    def kill(self) -> None:
        return


def test_a_child_that_cannot_be_killed_is_given_up() -> None:
    assert _stop(StuckChild(), "timeout") == "unkillable"


class NeverEnding(subprocess.Popen[bytes]):
    """A real child whose end we never get to see."""

    def wait(self, timeout: float | None = None) -> int:
        raise subprocess.TimeoutExpired("stuck", timeout or 0.0)


@posix_only
def test_a_child_that_was_given_up_is_forgotten_without_a_warning_and_without_being_polled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    child = NeverEnding([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    pid = child.pid
    assert _stop(child, "timeout") == "unkillable"
    del child
    gc.collect()
    assert heard == []
    assert os.waitpid(pid, 0)[0] == pid  # nobody has asked for it in between


def test_without_a_place_for_its_output_a_child_is_not_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    outcome = run_child([sys.executable, "-c", "pass"], deadline_s=20.0)
    assert outcome == ChildOutcome(status="error", detail="no place for its output: no such file or directory")


def test_a_command_that_no_system_can_start_is_an_error() -> None:
    assert run_child(["a\0b"], deadline_s=5.0) == ChildOutcome(status="error", detail="embedded null byte")

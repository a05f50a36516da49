"""Ask another program, and come back whatever it does.

A hanging `nvidia-smi` is a fact of life: after an Xid error it sits in an uninterruptible sleep, ignores every
signal, and a plain `subprocess.run(timeout=…)` kills it and then waits for ever. Here the child gets its own
session, writes into files (a grandchild cannot hold a pipe open), may write only so much, and is given up when
even SIGKILL does not end it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Protocol

from reprocheck.errors import system_reason

OUTPUT_LIMIT_BYTES = 4 * 2**20
POLL_S = 0.02
GRACE_S = 1.0  # a killed process is gone in milliseconds, or it sleeps in the kernel and may stay for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOutcome:
    """How a child ended and what it said.

    `status` is one of ok, missing, denied, timeout, stopped, unkillable, too-much-output, error, or `exit-N`
    (`exit-128+S` after signal S, as shells count). Text that is no UTF-8 has its bad bytes replaced.
    """

    status: str
    stdout: str = ""
    stderr: str = ""
    detail: str = ""


class Child(Protocol):
    """The part of `subprocess.Popen` that watching needs."""

    pid: int
    returncode: int | None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, or raise `TimeoutExpired`."""

    def kill(self) -> None:
        """End the process at once."""


def run_child(
    command: Sequence[str],
    *,
    deadline_s: float,
    env: Mapping[str, str] | None = None,
    output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    stop: Event | None = None,
) -> ChildOutcome:
    """Run `command` without input and return its outcome within `deadline_s` and a short grace; never raise for it.

    A child that is watched in a thread ends when another thread sets `stop`, for no signal reaches its session.
    """
    with contextlib.ExitStack() as files:
        try:
            stdout, stderr = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        except OSError as error:
            return ChildOutcome(status="error", detail=f"no place for its output: {_reason(error)}")
        try:
            process = start_child(command, stdout, stderr, env=env)
        except (OSError, ValueError) as error:  # a value with a NUL byte is a `ValueError`
            return _not_started(error, command[0], os.environ if env is None else env)
        status = _watch(process, (stdout, stderr), deadline_s, output_limit_bytes, stop or Event())
        return ChildOutcome(
            status=status,
            stdout=_text(stdout, output_limit_bytes),
            stderr=_text(stderr, output_limit_bytes),
            detail=_detail(status, deadline_s, output_limit_bytes),
        )


def start_child(
    command: Sequence[str],
    stdout: IO[bytes],
    stderr: IO[bytes],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` without input as the head of its own group, in `folder`; `end_child` is its end.

    Raises:
        OSError: there is no such program, or it may not be run.
        ValueError: an argument or a variable holds a NUL byte.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=folder,
        env=None if env is None else dict(env),
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # exists on Windows only
    )


def _not_started(error: OSError | ValueError, program: str, environ: Mapping[str, str]) -> ChildOutcome:
    is_denied = isinstance(error, PermissionError)
    if isinstance(error, FileNotFoundError) or (is_denied and _is_nowhere(program, environ)):
        return ChildOutcome(status="missing", detail="no such program")
    if is_denied:
        return ChildOutcome(status="denied", detail=_reason(error))
    return ChildOutcome(status="error", detail=_reason(error))


def _is_nowhere(program: str, environ: Mapping[str, str]) -> bool:
    """Say whether no folder of `PATH` shows a program: one that may not be looked into makes it a forbidden one."""
    is_bare = Path(program).name == program
    return is_bare and shutil.which(program, mode=os.F_OK, path=environ.get("PATH")) is None


def _reason(error: OSError | ValueError) -> str:
    return system_reason(error) if isinstance(error, OSError) else (str(error) or type(error).__name__).lower()


def _watch(process: Child, outputs: Sequence[IO[bytes]], deadline_s: float, limit_bytes: int, stop: Event) -> str:
    """Return the status that `process` ends with; when this returns or raises, its group has been killed."""
    end_s = time.monotonic() + deadline_s
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=POLL_S)
                return "too-much-output" if _size_bytes(outputs) > limit_bytes else exit_status(code)
            if _size_bytes(outputs) > limit_bytes:
                return _stop(process, "too-much-output")
            if time.monotonic() > end_s:
                return _stop(process, "timeout")
            if stop.is_set():
                return _stop(process, "stopped")
    finally:
        # Also after a good end: what the child started and left behind is ours to end.
        _kill_group(process)


def _stop(process: Child, status: str) -> str:
    return status if end_child(process) else "unkillable"


def end_child(process: Child) -> bool:
    """Kill a child and all it started, wait for a bounded time, and say whether it is gone."""
    _kill_group(process)
    try:
        process.wait(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        # Nobody asks for its end any more: without this `Popen.__del__` warns, and every later `Popen` polls it.
        process.returncode = -getattr(signal, "SIGKILL", signal.SIGTERM)
        return False
    return True


def _kill_group(process: Child) -> None:
    if os.name == "nt":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def exit_status(code: int) -> str:
    """Return `ok`, or `exit-N` for the return code of a child: `exit-128+S` after signal S, as shells count."""
    if code == 0:
        return "ok"
    return f"exit-{code if code > 0 else 128 - code}"


def _size_bytes(outputs: Sequence[IO[bytes]]) -> int:
    return sum(os.fstat(output.fileno()).st_size for output in outputs)


def _text(output: IO[bytes], limit_bytes: int) -> str:
    output.seek(0)
    return output.read(limit_bytes).decode("utf-8", errors="replace")


def _detail(status: str, deadline_s: float, limit_bytes: int) -> str:
    texts = {
        "timeout": f"no answer within {deadline_s:g} s",
        "unkillable": f"no answer within {deadline_s:g} s, and it does not end when killed",
        "too-much-output": f"more than {limit_bytes} bytes of output",
    }
    return texts.get(status, "")

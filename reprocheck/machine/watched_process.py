"""Run a user's command as it is, and read what the hooks in its Pythons tell.

Its folder, its input and its environment stay its own but for `PYTHONPATH` and `REPROCHECK_WATCH`; what it prints goes
to our stderr as it comes, for stdout is the report. It gets a session of its own, and so does not hear Ctrl-C: when we
are told to end, or its time is over, we ask it and all it started to end, and then end them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, UsageError, system_reason
from reprocheck.machine.child_process import end_child, exit_status
from reprocheck.machine.worker_process import loopback_switches, staged_worker
from reprocheck.model.command_words import is_local_torchrun
from reprocheck.model.json_documents import Json

WATCH_VARIABLE = "REPROCHECK_WATCH"
COMMAND_PLACE = "the command after `--`"
ANSWERS = "answers"
POLL_S = 0.05
GRACE_S = 5.0  # for torchrun to end its ranks, and for a script to write what it must
PATIENCE_S = 600.0
ANSWER_LIMIT_BYTES = 320 * 2**20  # of one process; what a record has room for, with some air


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """How a command is run: the time it may take, and how much each of its processes may tell.

    `tell` hears once of a command that makes no step for `patience_s`.
    """

    timeout_s: float = math.inf
    tell: Callable[[str], None] = lambda _: None
    patience_s: float = PATIENCE_S
    limit_bytes: int = ANSWER_LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended, and the files in which its processes told their steps, by rank and process.

    `status` is ok, timeout, too-long (it told more than a record holds) or `exit-N`, as `JobOutcome.status`.
    """

    status: str
    files: tuple[Path, ...]


@contextlib.contextmanager
def watched_command(words: Sequence[str], job: Mapping[str, Json], options: CommandOptions) -> Iterator[CommandEnd]:
    """Run the command to its end and yield that; the files are there inside the block only.

    Raises:
        InputError: the command is no program.
        UndecidedError: there is no room for the hooks.
    """
    require_program(words)
    with watch_folder(job) as folder:
        with _started(words, folder) as process:
            status = _wait(process, folder / ANSWERS, options)
        yield CommandEnd(status=status, files=answer_files(folder))


def watch_folder(job: Mapping[str, Json]) -> contextlib.AbstractContextManager[Path]:
    """Hand over the hooks and their job to a private folder.

    Raises:
        UndecidedError: there is no room for them.
    """
    return staged_worker(lambda folder: {**job, "job": "watch", "answers": str(folder / ANSWERS)})


def answer_files(folder: Path) -> tuple[Path, ...]:
    """Return the files in which processes told their steps, by rank and process."""
    return tuple(sorted((folder / ANSWERS).glob("run-*.jsonl"), key=lambda path: (len(path.name), path.name)))


def require_watchable(words: Sequence[str]) -> None:
    """Return when a command is a program, and no job of several nodes.

    Raises:
        InputError: it is no program.
        UsageError: its ranks would be on several nodes.
    """
    require_program(words)
    if is_local_torchrun(words, os.environ) is False:
        raise UsageError(
            "a job of several nodes cannot be watched",
            where=COMMAND_PLACE,
            why="all ranks are needed, and only those of this node would be seen",
            how="start it with `--nnodes 1`, all ranks on one machine",
        )


def require_program(words: Sequence[str]) -> None:
    """Return when the first word is a program.

    Raises:
        InputError: it is none.
    """
    if shutil.which(words[0]) is not None:
        return
    _refuse_variable(words[0])
    is_script = words[0].endswith(".py") and Path(words[0]).is_file()
    why = "it is a file that may not be run" if Path(words[0]).is_file() else "there is no such program"
    how = f"write `-- python {words[0]}`" if is_script else "write it as you start the training yourself"
    raise InputError(f"`{words[0]}` is not a program", where=COMMAND_PLACE, why=why, how=how)


def _refuse_variable(word: str) -> None:
    """Refuse `NAME=value` before a program, as one writes it for a shell; the value may be a secret and is not told.

    Raises:
        InputError: it is one.
    """
    name, sign, _ = word.partition("=")
    if sign and name.isidentifier():
        raise InputError(
            f"`{name}=…` is a variable, not a program",
            where=COMMAND_PLACE,
            why="no shell reads the words behind `--`",
            how=f"set it before reprocheck starts, or write `-- env {name}=… python train.py`",
        )


def told_lines(file: Path) -> Iterator[Mapping[str, Json]]:
    """Yield the lines of one process up to the first that is no JSON object: one that was killed breaks off."""
    with file.open(encoding="utf-8", errors="replace") as stream:
        for text in stream:
            line = _parsed(text)
            if line is None:
                return
            yield line


def _parsed(text: str) -> Mapping[str, Json] | None:
    try:
        line = json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def watched_environment(environ: Mapping[str, str], folder: Path, words: Sequence[str]) -> dict[str, str]:
    """Return the environment of the command: its own, and the way to the hooks that were handed over to `folder`."""
    entrance = folder / "reprocheck_worker" / "watching" / "entrance"
    paths = [str(entrance), str(folder), *filter(None, [environ.get("PYTHONPATH")])]
    local = _local_switches(folder, words) if is_local_torchrun(words, environ) else {}
    ours = {"PYTHONPATH": os.pathsep.join(paths), WATCH_VARIABLE: str(folder / "job.json")}
    return {**local, **environ, **ours}


def _local_switches(folder: Path, words: Sequence[str]) -> dict[str, str]:
    """Return what torchrun's local ranks get unless the user chose otherwise.

    Without a place for its logs, which it writes only if asked to, torchrun leaves a folder behind when it is ended.
    """
    asks = any(word.partition("=")[0] in ("-r", "-t", "--redirects", "--tee") for word in words)
    return loopback_switches() if asks else {**loopback_switches(), "PET_LOG_DIR": str(folder / "logs")}


@contextlib.contextmanager
def _started(words: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            list(words),
            stdout=_stderr(),
            stderr=_stderr(),
            env=watched_environment(os.environ, folder, words),
            start_new_session=os.name != "nt",
        )
    except (OSError, ValueError) as error:
        why = system_reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(
            f"`{words[0]}` cannot be run",
            where=COMMAND_PLACE,
            why=why,
            how="write it as you start the training yourself",
        ) from error
    try:
        yield process
    finally:
        if process.poll() is None:
            _end_all(process, folder)


def _stderr() -> int | None:
    """Return where the command prints: our stderr, as the file it is."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _wait(process: subprocess.Popen[bytes], answers: Path, options: CommandOptions) -> str:
    """Wait for the end and return the status; a run without a step for long is noted once."""
    end_s = time.monotonic() + options.timeout_s
    told_bytes, silent_from_s = 0, time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return exit_status(process.wait(timeout=POLL_S))
        now_s, sizes = time.monotonic(), [path.stat().st_size for path in answers.iterdir()]
        if sum(sizes) != told_bytes:
            told_bytes, silent_from_s = sum(sizes), now_s
        if now_s - silent_from_s > options.patience_s:
            options.tell(f"no optimizer step for {options.patience_s:g} s; Ctrl-C ends the command, or `--timeout`")
            silent_from_s = math.inf
        if max(sizes, default=0) > options.limit_bytes:
            return "too-long"
        if now_s > end_s:
            return "timeout"


def _end_all(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Ask the command and all it started to end, wait a little, and end them; torchrun's ranks have own sessions.

    A second Ctrl-C cuts the waiting short.
    """
    try:
        _signal(_strays(folder) or [process.pid], signal.SIGTERM)
        until_s = time.monotonic() + GRACE_S
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
        while _strays(folder) and time.monotonic() < until_s:
            time.sleep(POLL_S)
    finally:
        end_child(process)
        _signal(_strays(folder), getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _strays(folder: Path) -> list[int]:
    """Return the processes that have our folder in their environment, where the system shows it: Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"{WATCH_VARIABLE}={folder}".encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found

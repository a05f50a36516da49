"""Run a job inside the audited Python: a child process with a private copy of the worker, a deadline and an end.

The answer comes back through files, one a rank, so that one process and many ranks take the same road, a
library that prints cannot corrupt it, and no pipe can block. The child gets its own session; whatever
happens (deadline, Ctrl-C, too much output) the whole group is ended before we go on.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO

from reprocheck.errors import InputError, UndecidedError, system_reason
from reprocheck.machine.child_process import end_child, exit_status, start_child
from reprocheck.machine.open_workers import are_ending, opened
from reprocheck.model.json_documents import Json, dump_line

WORKER_SOURCE = Path(__file__).resolve().parent.parent / "worker"
OUTPUT_LIMIT_BYTES = 64 * 2**20
POLL_S = 0.05
GRACE_S = 5.0  # for torchrun to end its ranks
GUARD_S = 5.0  # after that a worker ends itself, for its launcher is gone; on a busy machine we notice late
DETAIL_LINES = 30
# A line in which Python ends, perhaps behind the name of the rank; torchrun's own error says no more than that.
_ERROR = re.compile(r"(?:\[[\w.]+\]: *)?(?!.*\bChildFailedError)[\w.]*(?:Error|Exception): ")

# A rank's identity must come from our torchrun, never from a job around us.
FOREIGN_RANK_VARIABLES = frozenset(
    {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK", "MASTER_ADDR", "MASTER_PORT"}
)
# `PET_NNODES` and the like are torchrun's own options as variables; Kubeflow sets them in every pod of a job.
FOREIGN_RANK_PREFIXES = ("TORCHELASTIC_", "PET_")

# Decides no number, but with `error` torch cannot even be loaded: it warns where numpy is not there.
IDLE_VARIABLES = frozenset({"PYTHONWARNINGS"})

# Threads that wait for work sleep. Spinning, as is the default, they take the time of those that work wherever else
# something runs: all probes took 20 s and more instead of 4 on two busy cores. Decides no number (OpenMP 5.2, 21.7).
SLEEPING_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a job is run. `switches` are environment variables; `ranks` above 1 go through torchrun.

    `patience_s` is how long the job may say nothing after its first line; it ends when another thread sets `stop`.
    """

    switches: Mapping[str, str]
    deadline_s: float = 600.0
    ranks: int = 1
    patience_s: float = math.inf
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """The lines that a job wrote, rank by rank in order, and how it ended.

    `status` is one of ok, timeout, silent (for longer than the patience), stopped, too-much-output, error (a line that
    is no JSON object), or `exit-N` (`exit-128+S` after signal S, as shells count); `fault` says so in words, None where
    it is ok.
    """

    lines: tuple[Mapping[str, Json], ...]
    status: str
    fault: UndecidedError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A command that runs the worker, and its whole environment; one that `has_ranks` is asked to end them first."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    has_ranks: bool = False


def numeric_switches(threads: int) -> dict[str, str]:
    """Return the switches that must be set before torch is loaded, for `threads` intra-op threads."""
    return {
        # The split of a reduction depends on the number of threads; MKL's own count overrides OpenMP's.
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        # Sets of names iterate in one order in every run.
        "PYTHONHASHSEED": "0",
        # cuBLAS promises the same bits on several streams only with a fixed workspace, read when CUDA starts.
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        **SLEEPING_THREADS,
    }


def loopback_switches(system: str = sys.platform) -> dict[str, str]:
    """Return what keeps local ranks on loopback: that works without a network and without resolving a host's name."""
    interface = {"linux": "lo", "darwin": "lo0"}.get(system)
    return dict.fromkeys(("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"), interface) if interface else {}


def run_job(python: Path, job: Mapping[str, Json], options: WorkerOptions) -> tuple[Mapping[str, Json], ...]:
    """Run `job` under `python` and return the lines it wrote, rank by rank in order.

    Raises:
        InputError: `python` is not a program.
        UndecidedError: the job crashed, spoke too much, or did not end within its deadline; or there is no room for it.
    """
    outcome = attempt_job(python, job, options)
    if outcome.fault:
        raise outcome.fault
    return outcome.lines


def attempt_job(python: Path, job: Mapping[str, Json], options: WorkerOptions) -> JobOutcome:
    """Run `job` under `python` as far as it goes: what was said before a crash or the deadline is kept.

    Raises:
        InputError: `python` is not a program.
        UndecidedError: there is no room for the job.
    """
    program = _program(python)
    with handed_over(job, options.deadline_s) as folder:
        launch = Launch(
            command=(*_launcher(program, options.ranks, folder), *worker_words(folder)),
            environment=_environment(folder, options),
            has_ranks=options.ranks > 1,
        )
        return attempt_launch(launch, folder, options)


def worker_words(folder: Path) -> tuple[str, ...]:
    """Return what a Python is told to run the worker that was handed over to `folder`."""
    return ("-m", "reprocheck_worker", str(folder / "job.json"), str(folder / "answers"))


def attempt_launch(launch: Launch, folder: Path, options: WorkerOptions) -> JobOutcome:
    """Start what runs the worker in `folder`, and return what it answered as far as it went."""
    status, fault = _run(launch, folder, options)
    lines, are_whole = _answer_lines(folder / "answers")
    if are_whole or fault:
        return JobOutcome(lines=lines, status=status, fault=fault)
    return JobOutcome(lines=lines, status="error", fault=_garbled(launch.command[0]))


@contextlib.contextmanager
def handed_over(job: Mapping[str, Json], deadline_s: float) -> Iterator[Path]:
    """Yield a private folder that holds the worker, the job and a place for the answers.

    Raises:
        UndecidedError: there is no room for it.
    """
    whole = {**job, "deadline_s": math.ceil(deadline_s + GUARD_S)}
    with staged_worker(lambda _folder: whole) as folder:
        yield folder


@contextlib.contextmanager
def staged_worker(job_in: Callable[[Path], Mapping[str, Json]]) -> Iterator[Path]:
    """Yield a private folder as `handed_over` does, for a job that may name places in it.

    Raises:
        UndecidedError: there is no room for it.
    """
    if are_ending():
        raise UndecidedError("no worker begins while all are ended", why="interrupted", how="run again")
    try:
        staged = tempfile.TemporaryDirectory(prefix="reprocheck-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_place(error) from error
    folder = Path(staged.name)
    with opened(folder), staged:  # entered before it is filled: Ctrl-C may come at any time
        try:
            shutil.copytree(WORKER_SOURCE, folder / "reprocheck_worker", ignore=shutil.ignore_patterns("__pycache__"))
            (folder / "answers").mkdir()
            (folder / "job.json").write_text(dump_line(job_in(folder)), encoding="utf-8")
        except OSError as error:
            raise _no_place(error) from error
        yield folder


def _no_place(error: OSError) -> UndecidedError:
    return UndecidedError(
        "there is no place for the worker",
        where="the folder for temporary files",
        why=system_reason(error),
        how="set `TMPDIR` to a folder that is writable and has room",
    )


def _program(python: Path) -> str:
    found = shutil.which(python)
    if found is None:
        raise InputError(
            f"`{python}` is not a program",
            where="--python",
            why="expected the Python interpreter of the environment under audit",
            how="give the path of its `python`",
        )
    return str(Path(found).absolute())  # not resolved: the link is what makes a virtual environment


def _launcher(program: str, ranks: int, folder: Path) -> list[str]:
    if ranks == 1:
        return [program]
    # Port 0 lets the store choose a free port; the address keeps everything on the loopback interface.
    rendezvous = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    logs = ["--log-dir", str(folder / "logs")]  # by default torchrun leaves a folder behind when it is ended early
    return [program, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks), *rendezvous, *logs]


def _environment(folder: Path, options: WorkerOptions) -> dict[str, str]:
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in FOREIGN_RANK_VARIABLES and not key.startswith(FOREIGN_RANK_PREFIXES)
    }
    loopback = loopback_switches() if options.ranks > 1 else {}
    return with_worker({**inherited, **loopback, **options.switches}, folder)


def with_worker(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return an environment in which the worker that was handed over to `folder` is found."""
    left = {name: value for name, value in environment.items() if name not in IDLE_VARIABLES}
    paths = [str(folder), *filter(None, [left.get("PYTHONPATH")])]
    return {**left, "PYTHONPATH": os.pathsep.join(paths)}


def _run(launch: Launch, folder: Path, options: WorkerOptions) -> tuple[str, UndecidedError | None]:
    """Return how the command ended, as a status and, unless it is ok, in words."""
    said = folder / "said.txt"
    with said.open("wb") as stream, _child(launch, folder, stream) as process:
        status, fault = _wait(process, folder, options)
    if status == "ok":
        return status, None
    return status, UndecidedError(
        fault,
        where=launch.command[0],
        why=_last_line(said),
        how="run again with `-v` to see what the worker said",
        detail=_tail(said),
    )


def _garbled(program: str) -> UndecidedError:
    return UndecidedError(
        "the worker wrote something else than JSON lines",
        where=program,
        why="expected the answer of reprocheck's own worker",
        how="give the path of a Python interpreter",
    )


@contextlib.contextmanager
def _child(launch: Launch, folder: Path, said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command in `folder`, so that no file of the user shadows a module."""
    process = start_child(launch.command, said, said, env=launch.environment, folder=folder)
    try:
        yield process
    finally:
        _end_group(process, ask=launch.has_ranks)


def _wait(process: subprocess.Popen[bytes], folder: Path, options: WorkerOptions) -> tuple[str, str]:
    """Wait for the end, and return status and fault: how it ended, or why we stopped waiting."""
    end_s = time.monotonic() + options.deadline_s
    answered, patient_until_s = 0, math.inf
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return _ending(process.wait(timeout=POLL_S))
        said, answer = _written_bytes(folder)
        now_s = time.monotonic()
        if answer != answered:
            answered, patient_until_s = answer, now_s + options.patience_s
        if said + answer > OUTPUT_LIMIT_BYTES:
            return "too-much-output", f"the worker wrote more than {OUTPUT_LIMIT_BYTES // 2**20} MiB"
        if now_s > end_s:
            return "timeout", f"the worker did not end within {options.deadline_s:g} s"
        if now_s > patient_until_s:
            return "silent", f"the worker said nothing for {options.patience_s:g} s"
        if options.stop.is_set() or are_ending():
            return "stopped", "the worker was stopped"


def _written_bytes(folder: Path) -> tuple[int, int]:
    """Return how much was printed, and how much was answered."""
    answers = sum(path.stat().st_size for path in (folder / "answers").iterdir())
    return (folder / "said.txt").stat().st_size, answers


def _end_group(process: subprocess.Popen[bytes], *, ask: bool) -> None:
    """End the child and all it started; torchrun is asked first, since it then ends its ranks."""
    if ask and process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
    end_child(process)


def _answer_lines(answers: Path) -> tuple[tuple[Mapping[str, Json], ...], bool]:
    """Return the lines up to the first that is no JSON object, and whether that was all: a killed worker breaks off."""
    lines: list[Mapping[str, Json]] = []
    for path in sorted(answers.glob("rank-*.jsonl"), key=lambda item: (len(item.name), item.name)):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            line = _parsed(text)
            if line is None:
                return tuple(lines), False
            lines.append(line)
    return tuple(lines), True


def _parsed(text: str) -> Mapping[str, Json] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _ending(code: int) -> tuple[str, str]:
    told = f"signal {-code}" if code < 0 else f"exit code {code}"
    return exit_status(code), f"the worker ended with {told}"


def _tail(said: Path) -> str:
    return "\n".join(_said_lines(said)[-DETAIL_LINES:])


def _said_lines(said: Path) -> list[str]:
    """Return the end of what was said, with our random folder named always alike."""
    return said.read_bytes()[-20_000:].decode("utf-8", "replace").replace(str(said.parent), "<worker>").splitlines()


def _last_line(said: Path) -> str:
    """Return the last line with a word in it, but rather the last error: torchrun says much more behind it."""
    lines = [line.strip() for line in _said_lines(said) if any(map(str.isalnum, line))]
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or lines or ["it said nothing"])[-1]

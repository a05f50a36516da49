"""Run a job on the ranks of a user's own torchrun command: its options stay, its script gives way to the worker."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.machine.worker_process import (
    JobOutcome,
    Launch,
    WorkerOptions,
    attempt_launch,
    handed_over,
    loopback_switches,
    with_worker,
    worker_words,
)
from reprocheck.model.json_documents import Json
from reprocheck.model.torchrun_commands import TorchrunCommand, kept_environment

LOOPBACK = "127.0.0.1"


def attempt_torchrun(command: TorchrunCommand, job: Mapping[str, Json], options: WorkerOptions) -> JobOutcome:
    """Run `job` on the ranks of this node, as far as it goes; the worker learns by `end_ms` when its time is over.

    Raises:
        InputError: torchrun, or the Python that runs it, is not a program.
        UndecidedError: there is no room for the job.
    """
    program = _program(command.launcher[0])
    end_ms = int((time.time() + options.deadline_s) * 1000)
    with handed_over({**job, "end_ms": end_ms}, options.deadline_s) as folder:
        launch = Launch(
            command=(program, *command.launcher[1:], *_options(command, folder), *_program_words(command, folder)),
            environment=with_worker(_environment(command, os.environ), folder),
            has_ranks=True,
        )
        return attempt_launch(launch, folder, options)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise InputError(
            f"`{name}` is not a program",
            where="the command after `--`",
            why="expected torchrun, or a Python, of the environment that trains",
            how="activate that environment, or give the path of its `torchrun`",
        )
    return str(Path(found).absolute())


def _options(command: TorchrunCommand, folder: Path) -> list[str]:
    # A rank that failed is told, not started again; by default torchrun leaves a folder behind when it is ended early.
    options = [*command.options, "--max-restarts=0", f"--log-dir={folder / 'logs'}"]
    if command.is_local and not command.has("local-addr"):
        options.append(f"--local-addr={LOOPBACK}")  # else the name of this host is looked up, in a network or in vain
    return options


def _program_words(command: TorchrunCommand, folder: Path) -> tuple[str, ...]:
    """Return what every rank runs: the worker, behind the user's own wrapper where there is one."""
    if not command.wrapper:
        return worker_words(folder)
    return ("--no-python", *map(_absolute, command.wrapper), *worker_words(folder))


def _absolute(word: str) -> str:
    """Return a path that is there as an absolute one, for torchrun is started in another folder."""
    return str(Path(word).absolute()) if os.sep in word and Path(word).exists() else word


def _environment(command: TorchrunCommand, environ: Mapping[str, str]) -> dict[str, str]:
    loopback = loopback_switches() if command.is_local else {}
    return {**loopback, **kept_environment(environ)}

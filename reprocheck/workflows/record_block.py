"""Watch a block of the process that we are in, and record it: `reprocheck.recording()` where no `record --` runs."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprocheck.atomic_write import require_writable
from reprocheck.errors import UsageError
from reprocheck.machine.watched_process import answer_files, told_lines, watch_folder
from reprocheck.model.records import Record
from reprocheck.numerics.watched_lines import read_process
from reprocheck.numerics.watched_runs import WatchCommand, Watched, assemble, watch_job
from reprocheck.workflows.command_fingerprint import CommandFingerprint
from reprocheck.workflows.record_command import RecordCommandRequest, whole_run, write_watched

_PLACE = "reprocheck.recording()"
_WORKER = "reprocheck_worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block under way: its hooks, and where they tell its steps."""

    watch: Any
    folder: Path
    output: Path

    def write(self) -> Record:
        """End the watch and write the record; an older one stays until the new one is whole.

        Raises:
            UndecidedError: no step was seen, the hooks failed, or there is no place to write.
        """
        self.watch.end()
        python = Path(sys.executable)
        request = RecordCommandRequest(words=(sys.executable, sys.argv[0]), output=self.output, probes=False)
        run = whole_run(self._watched(WatchCommand(words=request.words)))
        return write_watched(run, request, CommandFingerprint(request.words, python), python)

    def _watched(self, command: WatchCommand) -> Watched:
        processes = [read_process(told_lines(file)) for file in answer_files(self.folder)]
        return assemble(command, "ok", [process for process in processes if process.steps or process.fault])


@contextlib.contextmanager
def record_block(output: Path) -> Iterator[Block]:
    """Yield a block whose steps are watched until it is written, or left.

    Raises:
        UndecidedError: `output` could not be written, or there is no room for the hooks.
    """
    require_writable(output)
    with watch_folder(watch_job(WatchCommand(words=(sys.executable,)))) as folder:
        watch = _begun_watch(folder)
        try:
            yield Block(watch=watch, folder=folder, output=output)
        finally:
            watch.end()


def require_alone(environ: Mapping[str, str], begun: Sequence[Path]) -> None:
    """Return when this process may record a block: it is its first, and the process is no rank among others.

    Raises:
        UsageError: it may not.
    """
    if environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError(
            "a block of one rank is no record of the job",
            where=_PLACE,
            why=f"this process is one of {environ['WORLD_SIZE']} ranks, and a record holds all of them",
            how="leave the line as it is, and start the job by `reprocheck record -- torchrun …`",
        )
    if begun:
        raise UsageError(
            "a second block of one process cannot be recorded",
            where=_PLACE,
            why=f"the first was to go to `{begun[0].as_posix()}`",
            how="put both into one block, or run them in processes of their own",
        )


def _begun_watch(folder: Path) -> Any:
    """Begin the watch in this process, by the copy of the worker that was handed over."""
    sys.path.insert(0, str(folder))
    try:
        begin = importlib.import_module(f"{_WORKER}.watching.begin")
    finally:
        sys.path.remove(str(folder))
    begin.begin(importlib.import_module("torch"), str(folder / "job.json"))
    watch = begin.WATCHES[-1]
    watch.look_around()
    return watch

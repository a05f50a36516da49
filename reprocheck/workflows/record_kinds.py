"""A record holds the built-in workloads or one command; what is asked of the wrong kind is told with what to type."""

from __future__ import annotations

from pathlib import Path

from reprocheck.errors import UsageError
from reprocheck.model.records import Record, Run
from reprocheck.model.step_notes import WatchedProgram


def require_command(record: Record, path: Path) -> WatchedProgram:
    """Return the program of a record of a command.

    Raises:
        UsageError: it is one of the built-in workloads.
    """
    program = record.runs[0].program
    if program is None:
        raise UsageError(
            "the record holds the built-in workloads, not a command",
            where=path.as_posix(),
            why=f"it holds {', '.join(run.plan.name for run in record.runs)}",
            how=f"type `reprocheck verify {path.as_posix()}`, or record the command: `reprocheck record -- COMMAND`",
        )
    return program


def refuse_command(record: Record, path: Path) -> None:
    """Return when a record holds the built-in workloads.

    Raises:
        UsageError: it is that of a command.
    """
    program = record.runs[0].program
    if program is not None:
        raise UsageError(
            "the record holds a run of your own command",
            where=path.as_posix(),
            why=f"it is that of `{program.script}`, which only its command can run again",
            how=f"type `reprocheck verify {path.as_posix()} -- {_likely_command(record.runs[0], program)}`",
        )


def _likely_command(run: Run, program: WatchedProgram) -> str:
    """Return the command as it may have been: its words are not in the record."""
    if not program.script.endswith(".py"):
        return "COMMAND"
    ranks = run.plan.world_size
    return f"torchrun --nproc-per-node {ranks} {program.script} …" if ranks > 1 else f"python {program.script} …"

"""The solver that conda-lock drives: micromamba, mamba or conda in a dry run, one platform after the other.

conda-lock's own functions are left alone: they change with every major release, print, and end the process from
inside (research on 4.0.3); mamba 2.6 broke them through its package cache, which an empty one of ours does not meet.
A person who wants what these programs choose gets it, and is told what they cannot do.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.errors import UndecidedError, UsageError
from reprocheck.locking.conda_specs import canonical_spec
from reprocheck.locking.solving.channel_faults import public_text
from reprocheck.locking.solving.conda_program import CondaProgram, dry_run_command, dry_run_environment, find_program
from reprocheck.locking.solving.dry_run_output import Incomplete, Refusal, read_packages, read_refusal
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Progress, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.machine.child_process import run_child
from reprocheck.model.environments import CondaSpec

TOOLS: tuple[tuple[str, str], ...]
_OUTPUT_LIMIT_BYTES = 256 * 2**20
_LEAST_S = 0.1


def __getattr__(name: str) -> tuple[tuple[str, str], ...]:
    """Return `TOOLS`, which takes asking the program for its version."""
    if name == "TOOLS":
        program = _program()
        return ((program.name, program.version),)
    raise AttributeError(name)


@functools.cache
def _program() -> CondaProgram:
    return find_program(os.environ)


def solve_platforms(request: SolveRequest, progress: Progress) -> tuple[Answer, ...]:
    """Return one answer for each job, in order.

    Raises:
        UsageError: the request asks for something that these programs cannot do.
        InputError: a spec that cannot be read.
        UndecidedError: there is no program, it failed, a channel is out of reach, or the time is over.
    """
    _refuse(request)
    return solve_with(_program(), os.environ, request, progress)


def solve_with(
    program: CondaProgram, environment: Mapping[str, str], request: SolveRequest, progress: Progress
) -> tuple[Answer, ...]:
    """Return what `solve_platforms` does with this program and these variables."""
    end_s = time.monotonic() + request.timeout_s
    answers: list[Answer] = []
    with tempfile.TemporaryDirectory(prefix="reprocheck-solve-") as folder:
        for number, job in enumerate(request.jobs):
            progress(f"solving with {program.name} {program.version}: {number} of {len(request.jobs)} done")
            run = _Run(program, request, environment, Path(folder))
            answers.append(run.answer(job, end_s - time.monotonic()))
    return tuple(answers)


def _refuse(request: SolveRequest) -> None:
    """Raise for what only rattler can do: silence would give another lock than the one that was asked for."""
    if request.exclude_newer is not None:
        how = "leave out `--solver`, or lift the bound with `--exclude-newer none`"  # the old lock may hold it
        raise _needs_rattler("`--exclude-newer` needs the rattler solver", how)
    if request.offline:
        raise _needs_rattler("`--offline` needs the rattler solver", "leave out one of the two options")
    if any(job.preferred for job in request.jobs):
        how = "pass `--upgrade` to solve everything anew, or leave out `--solver`"
        raise _needs_rattler("keeping what the old lock holds needs the rattler solver", how)
    if any(job.limits for job in request.jobs):
        what = "what the pip part asks of conda packages needs the rattler solver"
        raise _needs_rattler(what, "leave out `--solver`, or write it into the conda specs")


def _needs_rattler(what: str, how: str) -> UsageError:
    return UsageError(
        what, where="--solver conda-lock", why="conda, mamba and micromamba have no such request in a dry run", how=how
    )


class _Run:
    """One program over one request."""

    def __init__(
        self, program: CondaProgram, request: SolveRequest, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.program = program
        self.request = request
        self.environment = environment
        self.folder = folder

    def answer(self, job: SolveJob, left_s: float) -> Answer:
        for spec in job.specs:
            canonical_spec(spec, None)
        outcome = run_child(
            dry_run_command(self.program, job, self.request.channels, self.folder),
            deadline_s=max(left_s, _LEAST_S),
            env=dry_run_environment(self.environment, job, self.folder),
            output_limit_bytes=_OUTPUT_LIMIT_BYTES,
        )
        if outcome.status in ("timeout", "unkillable"):
            raise self._too_late()
        found = read_packages(outcome.stdout, job.platform, self.request.channels) if outcome.status == "ok" else None
        if isinstance(found, Incomplete):
            raise self._failed(job, f"its answer does not say enough about `{found.name}`")
        if found is not None:
            return Solved(job=job, packages=found)
        return self._refused(job, read_refusal(outcome.stdout, outcome.stderr), outcome.detail or outcome.status)

    def _refused(self, job: SolveJob, refusal: Refusal, status: str) -> Answer:
        message = public_text(refusal.message, self.request.channels).strip()
        absent = tuple(spec for spec in job.specs if spec.name in refusal.absent)
        if absent:
            return Absent(job=job, specs=tuple((spec, ()) for spec in absent))
        if refusal.unsolvable or refusal.absent:
            return Unsolved(job=job, conflict=_named_in(message, job.specs), tree=message)
        if refusal.network:
            raise self._out_of_reach(message)
        raise self._failed(job, _first_line(message) or f"it ended with `{status}`", message)

    def _too_late(self) -> UndecidedError:
        return UndecidedError(
            f"no solution within {self.request.timeout_s} s",
            where=", ".join(channel.name for channel in self.request.channels),
            why=f"the time was over while {self.program.name} was at work",
            how="raise `--timeout`, or use `--solver rattler`",
        )

    def _out_of_reach(self, message: str) -> UndecidedError:
        return UndecidedError(
            "a channel is out of reach",
            where=", ".join(channel.name for channel in self.request.channels),
            why=f"{self.program.name} says: {_first_line(message)}",
            how="check the names and the network, then try again",
            detail=message,
        )

    def _failed(self, job: SolveJob, why: str, message: str = "") -> UndecidedError:
        return UndecidedError(
            f"`{self.program.name}` could not solve for {job.platform}",
            where=self.program.path,
            why=why,
            how="repair it, or use `--solver rattler`",
            detail=message,
        )


def _named_in(message: str, specs: Sequence[CondaSpec]) -> tuple[CondaSpec, ...]:
    """Return the specs whose names the program's words hold, all of them where it names none."""
    words = set(re.findall(r"[\w.\-]+", message.lower()))
    return tuple(spec for spec in specs if spec.name in words) or tuple(specs)


def _first_line(message: str) -> str:
    return next((line.strip() for line in message.splitlines() if line.strip()), "")

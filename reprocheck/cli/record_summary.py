"""What `reprocheck record` says when it is done: the runs, what their envelopes tell, and what to type next."""

from __future__ import annotations

from pathlib import Path

from reprocheck.model.counting import counted
from reprocheck.model.records import Record, Run
from reprocheck.numerics.comparison import not_finite
from reprocheck.numerics.envelope_text import envelope_lines
from reprocheck.numerics.run_times import time_lines


def summary_of_command(made: Record, output: Path) -> str:
    """Return the summary of the record of a user's own training."""
    run, path = made.runs[0], output.as_posix()
    ranks = f" on {run.plan.world_size} ranks" if run.plan.world_size > 1 else ""
    script = run.program.script if run.program else ""
    lines = [f"recorded {script} on {made.device}{ranks}: {_told(run)}, in {path}", *_envelopes(made)]
    return "\n".join([*lines, f"next: reprocheck verify {path} -- …"])


def summary_of_workloads(made: Record, output: Path) -> str:
    """Return the summary of a record of the built-in workloads."""
    done = sum(not run.unsupported for run in made.runs)
    runs, threads, path = counted(done, "run"), counted(made.threads, "thread"), output.as_posix()
    lines = [f"recorded {runs} on {made.device}, {threads} a rank, in {path}"]
    lines += [f"  {run.plan.name}: {_told(run)}" for run in made.runs]
    lines += _envelopes(made)
    if times := time_lines(made.runs):
        lines += ["times of this machine, part of no verdict:", *(f"  {line}" for line in times)]
    return "\n".join([*lines, f"next: reprocheck verify {path}"])


def _told(run: Run) -> str:
    if run.unsupported:
        return f"unsupported here: {run.unsupported}"
    resumed = f", resumed {run.resumed}" if run.resumed else ""
    skipped = sum(step[0].skipped for step in run.steps)
    return f"{counted(len(run.steps), 'step')}, {skipped} skipped{resumed}{not_finite(run)}"


def _envelopes(made: Record) -> list[str]:
    lines = envelope_lines(made.runs)
    return ["what honest and faulty reruns elsewhere would show:", *(f"  {line}" for line in lines)] if lines else []

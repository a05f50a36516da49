"""`reprocheck record`: make the reference that later runs are held against."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from reprocheck.cli.behind_dashes import WithCommand, refuse_options, tell_beside
from reprocheck.cli.console import deliver, progress
from reprocheck.cli.option_types import COMMAND_SECONDS, PYTHON
from reprocheck.cli.record_summary import summary_of_command, summary_of_workloads
from reprocheck.errors import EXIT_CLEAN, UsageError
from reprocheck.model.envelopes import DEFAULT_MEMBERS
from reprocheck.numerics.envelope_reader import MOST_MEMBERS
from reprocheck.numerics.runs import (
    DEFAULT_RUNS,
    DEFAULT_STEPS,
    DEFAULT_THREADS,
    LONGEST_WATCHED_RUN,
    PIECES,
    plan_runs,
    with_companions,
)
from reprocheck.workflows.record import RecordRequest, record
from reprocheck.workflows.record_command import RecordCommandRequest, record_command

_PATH = click.Path(path_type=Path, dir_okay=False)
_STEPS = click.IntRange(1, LONGEST_WATCHED_RUN)
MOST_STEPS = 200  # of a built-in workload
_OF_WORKLOADS = ("workloads", "seed", "threads", "device", "times")


# The words of the command stay as they are, with and without `--` before them.
@click.command(cls=WithCommand, context_settings={"allow_interspersed_args": False})
@click.option("-o", "--output", type=_PATH, default=Path("reprocheck.json"), show_default=True, help="The record.")
@click.option("--python", type=PYTHON, help="The audited Python.  [default: the running one; of a command: its own]")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    metavar="NAME[:DTYPE[:RANKS]]",
    help="transformer or convnet, perhaps with pieces behind it, as in transformer-accumulate-resume: "
    f"{', '.join(PIECES)}; fp32, bf16 or fp16; ranks over 1 use torchrun. Mixed precision brings its twin in fp32."
    f"  [default: {', '.join(DEFAULT_RUNS)}]",
)
@click.option(
    "--steps", type=_STEPS, help=f"[default: {DEFAULT_STEPS}; of a command: all, else it is ended behind them]"
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1024), default=DEFAULT_THREADS, show_default=True, help="In a rank.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--probes/--no-probes", default=True, help="Measure what the machine computes, too.  [default: probes]")
@click.option("--times", is_flag=True, help="Tell step time and peak memory, too.")
@click.option(
    "--envelope",
    "members",
    type=click.IntRange(0, MOST_MEMBERS),
    default=DEFAULT_MEMBERS,
    show_default=True,
    help="Measure by so many perturbed runs how far honest reruns lie apart; of a command if it is given. 0: do not.",
)
@click.option("--timeout", "timeout_s", type=COMMAND_SECONDS, metavar="SECONDS", help="Of a command.  [default: none]")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well.")
@click.option("-v", "--verbose", is_flag=True, help="Say more about errors.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    words: tuple[str, ...],
    output: Path,
    python: Path | None,
    workloads: tuple[str, ...],
    steps: int | None,
    seed: int,
    threads: int,
    device: str,
    probes: bool,
    times: bool,
    members: int,
    timeout_s: float | None,  # noqa: ARG001 -- read where a command is run
    quiet: bool,
    verbose: bool,  # noqa: ARG001 -- read where errors are told
) -> int:
    """Run the reference AMP and DDP workloads and write down their bits.

    Loss, gradient norm, loss scale and digests of all gradients and parameters, at every step of every
    rank, the operations that the runs ask for (`verify --predict` replays them), and a fingerprint of machine and
    environment. An older record stays until the new one is whole.

    With `-- python train.py` or `-- torchrun train.py` your own training is recorded instead, unmodified: each step of
    each optimizer on each rank. What it prints goes to stderr. Exit code 3: it failed, or made no optimizer step.
    """
    if words:
        return _of_command(ctx, words)
    refuse_options(ctx, ("timeout_s",), "it is for a command", "leave it out, or write the command behind `--`")
    request = RecordRequest(
        python=python or Path(sys.executable),
        plans=with_companions(plan_runs(workloads, seed=seed, steps=_planned(steps))),
        device=device,
        threads=threads,
        output=output,
        probes=probes,
        times=times,
        members=members,
    )
    with progress("recording") as shown:
        made = record(request, shown.step)
    if not quiet:
        deliver(summary_of_workloads(made, output), None)
    return EXIT_CLEAN


def _of_command(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Record the command that stands behind the options."""
    refuse_options(ctx, _OF_WORKLOADS, "a command chooses that itself", "leave it out, or leave the command out")
    given = ctx.params
    request = RecordCommandRequest(
        words=words,
        output=given["output"],
        python=given["python"],
        steps=given["steps"],
        timeout_s=given["timeout_s"] or math.inf,
        probes=given["probes"],
        members=given["members"] if _is_given(ctx, "members") else 0,
    )
    made = record_command(request, tell_beside)
    if not given["quiet"]:
        deliver(summary_of_command(made, request.output), None)
    return EXIT_CLEAN


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _planned(steps: int | None) -> int:
    if steps is not None and steps > MOST_STEPS:
        raise UsageError(
            f"{steps} steps are too many for the built-in workloads",
            where="--steps",
            why=f"they take {MOST_STEPS} at most",
            how="ask for fewer; those of a command are not limited",
        )
    return steps or DEFAULT_STEPS

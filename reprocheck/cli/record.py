"""`reprocheck record`: make the reference that later runs are held against."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reprocheck.cli.console import deliver, progress
from reprocheck.cli.option_types import PYTHON
from reprocheck.errors import EXIT_CLEAN
from reprocheck.model.records import Record
from reprocheck.numerics.runs import DEFAULT_RUNS, DEFAULT_STEPS, DEFAULT_THREADS, plan_runs
from reprocheck.workflows.record import RecordRequest, record

_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("-o", "--output", type=_PATH, default=Path("reprocheck.json"), show_default=True, help="The record.")
@click.option("--python", type=PYTHON, help="The audited Python.  [default: the running one]")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    metavar="NAME[:DTYPE[:RANKS]]",
    help="transformer or convnet; fp32, bf16 or fp16; ranks over 1 use torchrun."
    f"  [default: {', '.join(DEFAULT_RUNS)}]",
)
@click.option("--steps", type=click.IntRange(1, 200), default=DEFAULT_STEPS, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1024), default=DEFAULT_THREADS, show_default=True, help="In a rank.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--probes/--no-probes", default=True, help="Measure what the machine computes, too.  [default: probes]")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well.")
@click.option("-v", "--verbose", is_flag=True, help="Say more about errors.")
def command(
    *,
    output: Path,
    python: Path | None,
    workloads: tuple[str, ...],
    steps: int,
    seed: int,
    threads: int,
    device: str,
    probes: bool,
    quiet: bool,
    verbose: bool,  # noqa: ARG001 -- read where errors are told
) -> int:
    """Run the reference AMP and DDP workloads and write down their bits.

    Loss, gradient norm, loss scale and digests of all gradients and parameters, at every step of every
    rank, the operations that the runs ask for (`verify --predict` replays them), and a fingerprint of machine and
    environment. An older record stays until the new one is whole.
    """
    request = RecordRequest(
        python=python or Path(sys.executable),
        plans=plan_runs(workloads, seed=seed, steps=steps),
        device=device,
        threads=threads,
        output=output,
        probes=probes,
    )
    with progress("recording") as shown:
        made = record(request, shown.step)
    if not quiet:
        deliver(_summary(made, output), None)
    return EXIT_CLEAN


def _summary(made: Record, output: Path) -> str:
    done = [run for run in made.runs if not run.unsupported]
    lines = [f"recorded {len(done)} runs on {made.device}, {made.threads} thread(s) a rank, in {output.as_posix()}"]
    lines += [
        f"  {run.plan.name}: unsupported here: {run.unsupported}"
        if run.unsupported
        else f"  {run.plan.name}: {len(run.steps)} steps, {sum(s[0].skipped for s in run.steps)} skipped"
        for run in made.runs
    ]
    return "\n".join([*lines, f"next: reprocheck verify {output.as_posix()}"])

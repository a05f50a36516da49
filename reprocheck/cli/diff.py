"""`reprocheck diff`: what differs between two locks, environment files, fingerprints or records."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reprocheck.atomic_write import require_writable
from reprocheck.cli.console import deliver, progress, wants_color
from reprocheck.cli.option_types import LONGEST_S, PYTHON, Seconds
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED, UsageError
from reprocheck.model.differences import Difference
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT
from reprocheck.reports.diff_registry import DIFF_FORMATS, diff_format
from reprocheck.reports.diff_report import DiffReport
from reprocheck.workflows.diff import DiffRequest, find_differences

DEFAULT_TIMEOUT_S = 300.0


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--output-format",
    "format_name",
    type=click.Choice([module.NAME for module in DIFF_FORMATS]),
    default="full",
    help="`markdown` makes a comment for a pull request.  [default: full]",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
@click.option(
    "--environment",
    default=DEFAULT_ENVIRONMENT,
    metavar="NAME",
    help=f"Compare this environment of a pixi.lock.  [default: {DEFAULT_ENVIRONMENT}]",
)
@click.option(
    "--explain-by-experiment",
    "experiments",
    is_flag=True,
    help="Rerun differing probes here under other switches, to see which makes the bits equal.",
)
@click.option("--python", type=PYTHON, help="The Python to experiment in.  [default: the running one]")
@click.option(
    "--timeout",
    "timeout_s",
    type=Seconds(min=1.0, max=LONGEST_S),
    metavar="SECONDS",
    help=f"How long to experiment at most.  [default: {DEFAULT_TIMEOUT_S:g}]",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something differs.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
def command(
    *,
    old: str,
    new: str,
    format_name: str,
    output: Path | None,
    environment: str,
    experiments: bool,
    python: Path | None,
    timeout_s: float | None,
    exit_code: bool,
    color: str,
) -> int:  # click hands every option over by name
    """Show what differs from A to B: two locks, environment files, fingerprints or records.

    A and B are paths, or REV:path for a file as git holds it: `reprocheck diff main:conda-lock.yml conda-lock.yml`.
    The path behind REV is meant from the root of the repository (`REV:./path` from here), an empty REV is the index.

    Locks are conda-lock.yml, pixi.lock or @EXPLICIT files, also mixed. `+` came, `-` went, `~` changed, `!` is
    another file under the same URL. The exit code is 0, like that of `git diff`, unless --exit-code is given.

    Of fingerprints that were taken with --probes, what the machines compute is compared, A being there and B here:
    which operations have the same bits, are equal up to rounding (`~`), have another result (`!`) or do not repeat
    themselves (`?`); in which order both add numbers; and which difference between the two explains it, as far as
    was measured.

    With --explain-by-experiment the probes that differ are run here anew under the switches that the other machine
    recorded, that its processor suggests, and a fixed list, alone and together: what makes the bits equal is the cause.
    This machine, with its Python and environment variables, must be A or B. The exit code is 3 where it is neither.
    """
    request = DiffRequest(old=old, new=new, environment=environment)
    if experiments:
        if output is not None:
            require_writable(output)
        difference = _experiment(request, python, timeout_s)
    else:
        _refuse_idle(python, timeout_s)
        difference = find_differences(request)
    colored = format_name == "full" and wants_color(color, to_file=output is not None)
    deliver(diff_format(format_name).render(DiffReport(difference=difference, color=colored)), output)
    if difference.numeric and difference.numeric.experiment and difference.numeric.experiment.home is None:
        return EXIT_UNDECIDED
    return EXIT_FINDINGS if exit_code and not difference.is_empty else EXIT_CLEAN


def _experiment(request: DiffRequest, python: Path | None, timeout_s: float | None) -> Difference:
    # Imported on use: no other comparison launches anything.
    from reprocheck.workflows.diff_experiments import ExperimentSetup, explain_differences

    with progress("comparing") as shown:
        setup = ExperimentSetup(
            python=python or Path(sys.executable), timeout_s=timeout_s or DEFAULT_TIMEOUT_S, tell=shown.step
        )
        return explain_differences(request, setup)


def _refuse_idle(python: Path | None, timeout_s: float | None) -> None:
    if python is not None or timeout_s is not None:
        raise UsageError(
            "nothing is run",
            where="--python" if python is not None else "--timeout",
            why="only `--explain-by-experiment` runs anything",
            how="add `--explain-by-experiment`",
        )

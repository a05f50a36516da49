"""`reprocheck diff`: what differs between two locks, environment files, fingerprints or records."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, wants_color
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT
from reprocheck.reports.diff_registry import DIFF_FORMATS, diff_format
from reprocheck.reports.diff_report import DiffReport
from reprocheck.workflows.diff import DiffRequest, find_differences


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
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something differs.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
def command(
    *, old: str, new: str, format_name: str, output: Path | None, environment: str, exit_code: bool, color: str
) -> int:  # click hands every option over by name
    """Show what differs from A to B: two locks, environment files, fingerprints or records.

    A and B are paths, or REV:path for a file as git holds it: `reprocheck diff main:conda-lock.yml conda-lock.yml`.
    The path behind REV is meant from the root of the repository (`REV:./path` from here), an empty REV is the index.

    Locks are conda-lock.yml, pixi.lock or @EXPLICIT files, also mixed. `+` came, `-` went, `~` changed, `!` is
    another file under the same URL. The exit code is 0, like that of `git diff`, unless --exit-code is given.

    Of fingerprints that were taken with --probes, what the machines compute is compared, A being there and B here: which
    operations have the same bits, are equal up to rounding (`~`), have another result (`!`) or do not repeat themselves
    (`?`); in which order both add numbers; and which difference between the two explains it, as far as was measured.
    """
    difference = find_differences(DiffRequest(old=old, new=new, environment=environment))
    colored = format_name == "full" and wants_color(color, to_file=output is not None)
    deliver(diff_format(format_name).render(DiffReport(difference=difference, color=colored)), output)
    return EXIT_FINDINGS if exit_code and not difference.is_empty else EXIT_CLEAN

"""`reprocheck fleet -- torchrun …`: which ranks of a job compute alike?"""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.atomic_write import require_writable
from reprocheck.cli.console import deliver, progress, wants_color
from reprocheck.cli.option_types import LONGEST_S, Seconds
from reprocheck.reports.fleet_json import render_fleet_json
from reprocheck.reports.fleet_text import render_fleet
from reprocheck.workflows.fleet import TIMEOUT_S, FleetRequest, examine_fleet

_SECONDS = Seconds(min=5.0, max=LONGEST_S)
_AUTO_HELP = "`auto` takes the GPUs where every rank of a node has one.  [default: auto]"


# The words of torchrun stay as they are, with and without `--` before them.
@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="-- torchrun [OPTIONS] SCRIPT [ARGS]...")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help=_AUTO_HELP)
@click.option("--families", multiple=True, metavar="NAME", help="Try these operations only.  [default: all]")
@click.option("--show-hosts", is_flag=True, help="Name the hosts; else nodes are numbered.")
@click.option(
    "--timeout",
    "timeout_s",
    type=_SECONDS,
    default=TIMEOUT_S,
    metavar="SECONDS",
    help=f"How long it may take in all.  [default: {TIMEOUT_S:g}]",
)
@click.option(
    "--output-format", "format_name", type=click.Choice(["full", "json"]), default="full", help="[default: full]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@click.option("-v", "--verbose", is_flag=True, help="Say more about errors.")
def command(
    *,
    words: tuple[str, ...],
    device: str,
    families: tuple[str, ...],
    show_hosts: bool,
    timeout_s: float,
    format_name: str,
    output: Path | None,
    color: str,
    no_progress: bool,
    verbose: bool,  # noqa: ARG001 -- read where errors are told
) -> int:
    """Run fixed operations on every rank of your torchrun command, and say which ranks compute the same bits.

    The command keeps its options; its script is not run. With several nodes start it on each of them, as you start
    torchrun: all print the same report. A rank that is odd among equals is told with its device, the operations that
    differ, and what is otherwise there. Exit code 1: ranks differ, do not repeat themselves, or sum wrongly; 3: not
    all could be compared; 0: all alike.
    """
    if output is not None:
        require_writable(output)
    request = FleetRequest(words=words, device=device, families=families, show_hosts=show_hosts, timeout_s=timeout_s)
    with progress("computing on all ranks", enabled=not no_progress):
        fleet = examine_fleet(request)
    paint = wants_color(color, to_file=output is not None)
    deliver(render_fleet_json(fleet) if format_name == "json" else render_fleet(fleet, color=paint), output)
    return fleet.exit_code

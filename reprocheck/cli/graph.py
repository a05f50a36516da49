"""`reprocheck graph`: draw the packages of a lock."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, note, progress
from reprocheck.cli.lock_choice import lock_options
from reprocheck.errors import EXIT_CLEAN, UsageError
from reprocheck.reports.graph_registry import GRAPH_FORMATS, graph_format
from reprocheck.workflows.graph import GraphRequest, draw_graph
from reprocheck.workflows.locked_links import LockChoice


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--format",
    "format_name",
    type=click.Choice([module.NAME for module in GRAPH_FORMATS]),
    required=True,
    help="dot for Graphviz, mermaid for markdown, svg a picture, json for programs.",
)
@click.option("--all", "everything", is_flag=True, help="Draw all packages also where mermaid has too many.")
@lock_options
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def command(
    *, names: tuple[str, ...], format_name: str, everything: bool, choice: LockChoice, output: Path | None
) -> int:  # click hands every option over by name
    """Draw the graph of a lock, conda and pip together; offline.

    dot, mermaid and json show every package. svg shows what can be read in a picture: the paths from what you declared
    to what is in conflict, else to torch and CUDA. With NAME any of them shows the paths to these packages.
    """
    if everything and (format_name == "svg" or names):
        raise UsageError(
            "`--all` beside `--format svg` or NAME",
            where="--all",
            why="these draw paths, up to forty packages",
            how="leave it out, or draw all packages with `--format dot`",
        )
    with progress("reading the lock"):
        drawn = draw_graph(GraphRequest(choice=choice, format_name=format_name, names=names, everything=everything))
        text = graph_format(format_name).render(drawn.report)
    for said in drawn.notes:
        note(f"note: {said}")
    deliver(text, output)
    return EXIT_CLEAN

"""`reprocheck tree`: the packages of a lock as a tree."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, progress
from reprocheck.cli.lock_choice import lock_options
from reprocheck.errors import EXIT_CLEAN
from reprocheck.reports.tree_json import render_tree_json
from reprocheck.reports.tree_text import render_tree
from reprocheck.workflows.locked_links import LockChoice
from reprocheck.workflows.tree import TreeRequest, plant_trees


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-i", "--invert", "inverted", is_flag=True, help="Show who needs a package, up to what you declared.")
@click.option("--depth", type=click.IntRange(min=0), help="Show so many levels below the first.  [default: all]")
@lock_options
@click.option("--output-format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def command(
    *,
    names: tuple[str, ...],
    inverted: bool,
    depth: int | None,
    choice: LockChoice,
    format_name: str,
    output: Path | None,
) -> int:  # click hands every option over by name
    """Show the packages of a lock as a tree, conda and pip together.

    The roots are what you declared, or the packages NAME. A line gives the constraint, what was locked for it, and who
    installs it; (*) stands where what a package needs is shown further up.
    """
    with progress("reading the lock"):
        trees = plant_trees(TreeRequest(choice=choice, names=names, inverted=inverted, depth=depth))
        text = render_tree_json(trees) if format_name == "json" else render_tree(trees)
    deliver(text, output)
    return EXIT_CLEAN

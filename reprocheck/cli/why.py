"""`reprocheck why`: the paths from what was declared to a package."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver, progress
from reprocheck.cli.lock_choice import lock_options
from reprocheck.errors import EXIT_CLEAN
from reprocheck.reports.why_json import render_why_json
from reprocheck.reports.why_text import render_why
from reprocheck.workflows.locked_links import LockChoice
from reprocheck.workflows.why import WhyRequest, explain_package


@click.command()
@click.argument("name")
@lock_options
@click.option("--output-format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def command(*, name: str, choice: LockChoice, format_name: str, output: Path | None) -> int:
    """Show the paths from what you declared to the package NAME, conda and pip together."""
    with progress("reading the lock"):
        answers = explain_package(WhyRequest(name=name, choice=choice))
    deliver(render_why_json(answers) if format_name == "json" else render_why(answers), output)
    return EXIT_CLEAN

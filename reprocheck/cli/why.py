"""`reprocheck why`: the paths from what was declared to a package."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver
from reprocheck.errors import EXIT_CLEAN
from reprocheck.reports.why_text import render_why
from reprocheck.workflows.export import usual_lock
from reprocheck.workflows.why import WhyRequest, explain_package


@click.command()
@click.argument("name")
@click.option(
    "--lockfile",
    type=click.Path(path_type=Path),
    help="The lock.  [default: conda-lock.yml, else pixi.lock, beside -f]",
)
@click.option(
    "-f",
    "--file",
    "environment",
    type=click.Path(path_type=Path),
    help="The environment file.  [default: what the lock names]",
)
@click.option("--platform", help="One platform of the lock.  [default: all]")
def command(name: str, lockfile: Path | None, environment: Path | None, platform: str | None) -> int:
    """Show the paths from what you declared to the package NAME, conda and pip together."""
    lock = lockfile or usual_lock(environment.parent if environment else Path())
    request = WhyRequest(name=name, lock=lock, environment=environment, platform=platform)
    deliver(render_why(explain_package(request)), None)
    return EXIT_CLEAN

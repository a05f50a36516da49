"""`reprocheck why`: the paths from what was declared to a package."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.console import deliver
from reprocheck.errors import EXIT_CLEAN
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_LOCK
from reprocheck.reports.why_text import render_why
from reprocheck.workflows.why import WhyRequest, explain_package


@click.command()
@click.argument("name")
@click.option(
    "--lockfile",
    type=click.Path(path_type=Path),
    help="The lock.  [default: conda-lock.yml beside -f]",
)
@click.option("-f", "--file", "environment", type=click.Path(path_type=Path), help="The environment file.")
@click.option("--platform", help="One platform of the lock.  [default: all]")
def command(name: str, lockfile: Path | None, environment: Path | None, platform: str | None) -> int:
    """Show the paths from what you declared to the package NAME, conda and pip together."""
    lock = lockfile or (environment.with_name(DEFAULT_LOCK) if environment else Path(DEFAULT_LOCK))
    beside = (lock.with_name(usual) for usual in DEFAULT_ENVIRONMENTS)
    request = WhyRequest(
        name=name,
        lock=lock,
        environment=environment or next((path for path in beside if path.is_file()), None),
        platform=platform,
    )
    deliver(render_why(explain_package(request)), None)
    return EXIT_CLEAN

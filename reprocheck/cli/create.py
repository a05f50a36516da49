"""`reprocheck create`: a lock into a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from reprocheck.cli.console import deliver, note, progress
from reprocheck.cli.folder_option import FOLDER
from reprocheck.cli.option_packs import packed_as
from reprocheck.errors import EXIT_CLEAN
from reprocheck.model.prefix_creation import DEFAULT_CREATE_TIMEOUT_S, CreateRequest
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT
from reprocheck.reports.create_text import render_creation
from reprocheck.workflows.create import create_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateChoices:
    """The options that say what to install, as click read them."""

    prefix: Path
    lockfile: Path | None
    platform: str | None
    environment: str
    extras: tuple[str, ...]
    no_dev: bool
    force: bool
    offline: bool
    timeout_s: int


_OPTIONS = (
    click.option("-p", "--prefix", required=True, type=FOLDER, help="The folder to install into."),
    click.option(
        "--lockfile",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The lock.  [default: conda-lock.yml, else pixi.lock, here]",
    ),
    click.option("--platform", help="Install for this platform.  [default: this machine's]"),
    click.option("-e", "--extras", multiple=True, metavar="CATEGORY", help="Add a category beside main and dev."),
    click.option("--no-dev", is_flag=True, help="Leave the category dev out."),
    click.option(
        "--environment",
        default=DEFAULT_ENVIRONMENT,
        metavar="NAME",
        help=f"Take this environment of a pixi.lock.  [default: {DEFAULT_ENVIRONMENT}]",
    ),
    click.option("--force", is_flag=True, help="Make a conda environment that somebody else made equal to the lock."),
    click.option("--offline", is_flag=True, help="Use cached packages and local channels only."),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.IntRange(min=1),
        default=DEFAULT_CREATE_TIMEOUT_S,
        metavar="SECONDS",
        help=f"Give up after this time.  [default: {DEFAULT_CREATE_TIMEOUT_S}]",
    ),
)


@click.command()
@packed_as(CreateChoices, _OPTIONS)
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors and notes only.")
@click.option("-v", "--verbose", is_flag=True, help="Name every package that came, went or was repaired.")
def command(choices: CreateChoices, *, no_progress: bool, quiet: bool, verbose: bool) -> int:
    """Install a lock into a prefix: the conda part with rattler, the pip part with uv, every archive by its hash.

    No conda is needed. Where the prefix was made by `create` before, only what differs from the lock is touched:
    damaged packages are repaired, what the lock does not have is removed, an interrupted run is completed. While
    it works, and after an interruption, the prefix is marked as unfinished, and `audit` says so.

    Link scripts of packages are not run. What else lies in the prefix is left alone.
    """
    request = CreateRequest(
        prefix=choices.prefix,
        folder=Path(),
        lock=choices.lockfile,
        platform=choices.platform,
        environment=choices.environment,
        extras=choices.extras,
        without_dev=choices.no_dev,
        force=choices.force,
        offline=choices.offline,
        timeout_s=choices.timeout_s,
    )
    with progress("reading the lock", enabled=not (no_progress or quiet)) as shown:
        creation = create_environment(request, shown.step)
    for text in creation.notes:
        note(f"note: {text}")
    if not quiet:
        deliver(render_creation(creation, verbose=verbose), None)
    return EXIT_CLEAN

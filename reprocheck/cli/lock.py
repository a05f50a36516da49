"""`reprocheck lock`: environment.yml to conda-lock.yml."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reprocheck.cli.console import deliver, note, progress
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, UsageError
from reprocheck.model.locking_requests import DEFAULT_TIMEOUT_S, LockRequest, Mode
from reprocheck.model.settings import DEFAULT_ENVIRONMENTS, DEFAULT_LOCK, Settings
from reprocheck.readers.configuration import read_settings
from reprocheck.reports.lock_text import render_outcome
from reprocheck.workflows.lock import lock_environment

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "-f", "--file", "files", multiple=True, type=_FILE, help="The environment file.  [default: environment.yml]"
)
@click.option(
    "-p", "--platform", "platforms", multiple=True, help="A platform to lock for; may be given several times."
)
@click.option("--lockfile", type=_FILE, help="The lock.  [default: conda-lock.yml beside the environment file]")
@click.option("-c", "--channel", "channels", multiple=True, help="Search these channels instead of those of the file.")
@click.option("--cuda", metavar="X.Y|none", help="CUDA version of the driver that the lock is for, or `none`.")
@click.option("--explicit", is_flag=True, help="Write conda-PLATFORM.lock files too, for plain conda.")
@click.option("--no-pip", "without_pip", is_flag=True, help="Lock the conda part only; the lock says what it lacks.")
@click.option("--dry-run", is_flag=True, help="Solve and show the changes; write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the lock would change.")
@click.option("--offline", is_flag=True, help="Use cached channel data only.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.IntRange(min=1),
    default=DEFAULT_TIMEOUT_S,
    metavar="SECONDS",
    help=f"Give up after this time.  [default: {DEFAULT_TIMEOUT_S}]",
)
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Add the solver's own words to an error.")
def command(
    *,
    files: tuple[Path, ...],
    platforms: tuple[str, ...],
    lockfile: Path | None,
    channels: tuple[str, ...],
    cuda: str | None,
    explicit: bool,
    without_pip: bool,
    dry_run: bool,
    check: bool,
    offline: bool,
    timeout_s: int,
) -> int:  # click hands every option over by name
    """Resolve environment.yml into conda-lock.yml (conda-lock v1) for all platforms at once.

    Platforms are those of -p, the configuration or the file's `platforms:`, else linux-64, osx-arm64 and win-64.
    The solve assumes conda-lock's machines (glibc 2.28, Linux 5.10, macOS 11, plain x86_64), never this one.

    CUDA is a decision: --cuda 12.4 locks for drivers that know CUDA 12.4, --cuda none for machines without a
    driver. A decision that the old lock records is kept. Without any the lock is for machines without a driver;
    when one would have changed the outcome, a note says so and the lock records that CUDA is undecided.

    The lock is written only when something changed, and conda-lock reads it before it replaces the old one.
    """
    settings = read_settings(Path.cwd(), os.environ)
    environment = _environment(files, settings)
    request = LockRequest(
        environment_paths=(environment,),
        lock_path=lockfile or (Path(settings.lockfile) if settings.lockfile else environment.with_name(DEFAULT_LOCK)),
        platforms=platforms or settings.platforms,
        channels=channels or settings.channels,
        cuda=cuda if cuda is not None else settings.cuda,
        explicit=explicit,
        without_pip=without_pip,
        mode=_mode(dry_run=dry_run, check=check),
        offline=offline,
        timeout_s=timeout_s,
    )
    with progress("reading the environment") as shown:
        outcome = lock_environment(request, shown.step)
    for text in outcome.notes:
        note(f"note: {text}")
    deliver(render_outcome(outcome), None)
    return EXIT_FINDINGS if check and outcome.status != "unchanged" else EXIT_CLEAN


def _environment(files: tuple[Path, ...], settings: Settings) -> Path:
    named = files or tuple(Path(name) for name in settings.files)
    if len(named) > 1:
        raise UsageError(
            f"{len(named)} environment files for one lock",
            where="--file",
            why="this release locks one environment file at a time",
            how="name one, or merge them",
        )
    usual = [Path(name) for name in DEFAULT_ENVIRONMENTS]
    return named[0] if named else next((path for path in usual if path.is_file()), usual[0])


def _mode(*, dry_run: bool, check: bool) -> Mode:
    if check:
        return "check"
    return "dry-run" if dry_run else "write"

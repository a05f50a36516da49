"""`reprocheck lock`: environment files to conda-lock.yml."""

from __future__ import annotations

import click

from reprocheck.cli.console import Progress, deliver, note, progress
from reprocheck.cli.lock_options import LockChoices, lock_options, make_request
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS
from reprocheck.model.locking_requests import LockOutcome
from reprocheck.reports.lock_text import render_changes, render_summary
from reprocheck.workflows.lock import lock_environment


@click.command()
@lock_options
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Add the solver's own words to an error.")
def command(choices: LockChoices, *, no_progress: bool) -> int:
    """Resolve environment files into conda-lock.yml (conda-lock v1) for all platforms at once, conda and pip together.

    Platforms are those of -p, the configuration or the file's `platforms:`, else linux-64, osx-arm64 and win-64.
    The solve assumes conda-lock's machines (glibc 2.28, Linux 5.10, macOS 11, plain x86_64), never this one.

    CUDA is a decision: --cuda 12.4 locks for drivers that know CUDA 12.4, --cuda none for machines without a
    driver. Without any the lock is for machines without a driver; when one would have changed the outcome, a note
    says so and the lock records that CUDA is undecided.

    What the old lock holds stays wherever the files still admit it; -P and -U move packages. Decisions that it
    records (CUDA, --exclude-newer) are kept too. The changes are shown before the lock is written, and it is
    written only when something changed.
    """
    request = make_request(choices)
    with progress("reading the environment", enabled=not no_progress) as shown:
        outcome = lock_environment(request, shown.step, lambda found: _preview(found, shown))
    deliver(render_summary(outcome), None)
    return EXIT_FINDINGS if choices.check and outcome.status != "unchanged" else EXIT_CLEAN


def _preview(outcome: LockOutcome, shown: Progress) -> None:
    """Show what is about to change, before it does."""
    shown.wipe()
    for text in outcome.notes:
        note(f"note: {text}")
    changes = render_changes(outcome)
    if changes:
        deliver(changes, None)

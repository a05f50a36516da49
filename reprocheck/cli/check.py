"""`reprocheck check`: the pre-commit hook."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.audit_run import make_request, run_and_print
from reprocheck.cli.console import note
from reprocheck.cli.options import AuditChoices, audit_options
from reprocheck.workflows.check import find_subjects


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@audit_options
def command(*, files: tuple[Path, ...], choices: AuditChoices) -> int:
    """Lint environment files and their locks; offline. Writes nothing, unless --fix or --write-baseline does.

    FILES are environment files or locks; without any, `environment.yml` here, or `files` of the configuration.
    """
    request = make_request(files, choices)
    if request.files and not find_subjects(request):
        note("note: none of the files is an environment file or a lock; nothing was looked at")
    return run_and_print(request, choices)

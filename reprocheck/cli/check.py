"""`reprocheck check`: the pre-commit hook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reprocheck.cli.audit_run import run_and_print
from reprocheck.cli.console import note
from reprocheck.cli.options import AuditChoices, audit_options, make_selection, per_file_ignores, settings_here
from reprocheck.workflows.check import CheckRequest, find_subjects


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@audit_options
def command(*, files: tuple[Path, ...], choices: AuditChoices) -> int:
    """Lint environment files and their locks; offline. Writes nothing, unless --fix or --write-baseline does.

    FILES are environment files or locks; without any, `environment.yml` here, or `files` of the configuration.
    """
    settings = settings_here()
    settings = replace(
        settings,
        name_map=choices.name_map.as_posix() if choices.name_map else settings.name_map,
        per_file_ignores=per_file_ignores(choices, settings),
    )
    request = CheckRequest(
        folder=Path(),
        files=files or tuple(Path(name) for name in settings.files),
        lockfile=choices.lockfile or (Path(settings.lockfile) if settings.lockfile else None),
        pixi_environment=choices.environment,
        selection=make_selection(choices, settings),
        settings=settings,
    )
    if request.files and not find_subjects(request):
        note("note: none of the files is an environment file or a lock; nothing was looked at")
    return run_and_print(request, choices, settings)

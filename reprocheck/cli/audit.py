"""`reprocheck audit`: environment, lock and a machine."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.audit_output import print_audit
from reprocheck.cli.options import AuditChoices, audit_options, make_selection, settings_here
from reprocheck.workflows.audit import MachineRequest, find_machine
from reprocheck.workflows.check import CheckRequest, run_check


@click.command()
@click.option("-f", "--file", "files", multiple=True, type=click.Path(path_type=Path), help="An environment file.")
@click.option("--platform", "platforms", multiple=True, help="Look at this platform of the lock only.")
@click.option("--driver", help="Audit for this NVIDIA driver, for example 470.57.02.")
@click.option("--gpu", "gpus", multiple=True, metavar="SM|NAME", help="Audit for this GPU: sm_90, or a product name.")
@click.option("--machine", type=click.Path(path_type=Path), help="Audit for the machine of a fingerprint.")
@audit_options
def command(
    *,
    files: tuple[Path, ...],
    platforms: tuple[str, ...],
    driver: str | None,
    gpus: tuple[str, ...],
    machine: Path | None,
    choices: AuditChoices,
) -> int:  # click hands every option over by name
    """Check environment, lock and machine together; offline, writes nothing.

    Without --driver, --gpu or --machine it looks at this machine.
    """
    settings = settings_here()
    request = CheckRequest(
        folder=Path(),
        files=files or tuple(Path(name) for name in settings.files),
        lockfile=choices.lockfile or (Path(settings.lockfile) if settings.lockfile else None),
        selection=make_selection(choices, settings),
        settings=settings,
        machine=find_machine(MachineRequest(driver=driver, gpus=gpus, fingerprint=machine)),
        platforms=platforms,
    )
    return print_audit(run_check(request), choices, settings)

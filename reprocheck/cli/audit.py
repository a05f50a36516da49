"""`reprocheck audit`: environment, lock and a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reprocheck.cli.audit_run import make_request, run_and_print
from reprocheck.cli.options import AuditChoices, audit_options
from reprocheck.facts.gpu_precision import PRECISIONS
from reprocheck.rules.facts import Unseen
from reprocheck.workflows.audit import MachineRequest, find_machine
from reprocheck.workflows.nodes import read_node

_NODE_HELP = "The lock or fingerprint of another node of the job."
_NO_NODES = Unseen(reason="no other node of the job was named; `--node` does", asked=False)


@click.command()
@click.option("-f", "--file", "files", multiple=True, type=click.Path(path_type=Path), help="An environment file.")
@click.option("--platform", "platforms", multiple=True, help="Look at this platform of the lock only.")
@click.option("--driver", help="Audit for this NVIDIA driver, for example 470.57.02.")
@click.option("--gpu", "gpus", multiple=True, metavar="SM|NAME", help="Audit for this GPU: sm_90, or a product name.")
@click.option("--machine", type=click.Path(path_type=Path), help="Audit for the machine of a fingerprint.")
@click.option("--precision", multiple=True, type=click.Choice(PRECISIONS), help="What the training computes in.")
@click.option("--node", "nodes", multiple=True, type=click.Path(path_type=Path), help=_NODE_HELP)
@audit_options
def command(
    *,
    files: tuple[Path, ...],
    platforms: tuple[str, ...],
    driver: str | None,
    gpus: tuple[str, ...],
    machine: Path | None,
    precision: tuple[str, ...],
    nodes: tuple[Path, ...],
    choices: AuditChoices,
) -> int:  # click hands every option over by name
    """Check environment, lock and machine together; offline. Writes nothing, unless --fix or --write-baseline does.

    Without --driver, --gpu or --machine it looks at this machine.
    """
    request = make_request(files, choices)
    request = replace(
        request,
        settings=replace(request.settings, precision=precision or request.settings.precision),
        machine=find_machine(MachineRequest(driver=driver, gpus=gpus, fingerprint=machine)),
        platforms=platforms,
        nodes=tuple(read_node(path, platforms[0] if platforms else None) for path in nodes) or _NO_NODES,
    )
    return run_and_print(request, choices)

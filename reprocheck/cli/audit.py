"""`reprocheck audit`: environment, lock and a machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprocheck.cli.audit_run import make_request, refuse_contradictions, run_and_print
from reprocheck.cli.console import note, progress
from reprocheck.cli.folder_option import FOLDER
from reprocheck.cli.options import AuditChoices, audit_options
from reprocheck.errors import UsageError
from reprocheck.facts.gpu_precision import PRECISIONS
from reprocheck.rules.facts import Unseen
from reprocheck.workflows.audit import MachineRequest, find_machine
from reprocheck.workflows.nodes import read_node

if TYPE_CHECKING:
    # For annotations only, see below.
    from reprocheck.model.numeric_switches import SwitchesInForce
    from reprocheck.workflows.installed import Installed

_NODE_HELP = "The lock or fingerprint of another node of the job."
_NAME_HELP = "Look into the installed environment of this name."
_SWITCHES_HELP = "Ask the Python (of --prefix or -n, by default this one) for the switches that change bits."
_FAST_HELP = "Of installed files look at existence and size only, not at every byte."
_NO_PREFIX = Unseen(reason="no installed environment was named; `--prefix` or `-n` does", asked=False)
_NO_NODES = Unseen(reason="no other node of the job was named; `--node` does", asked=False)


@click.command()
@click.option("-f", "--file", "files", multiple=True, type=click.Path(path_type=Path), help="An environment file.")
@click.option("--platform", "platforms", multiple=True, help="Look at this platform of the lock only.")
@click.option("--driver", help="Audit for this NVIDIA driver, for example 470.57.02.")
@click.option("--gpu", "gpus", multiple=True, metavar="SM|NAME", help="Audit for this GPU: sm_90, or a product name.")
@click.option(
    "--machine", "machine_file", type=click.Path(path_type=Path), help="Audit for the machine of a fingerprint."
)
@click.option("--precision", multiple=True, type=click.Choice(PRECISIONS), help="What the training computes in.")
@click.option("--node", "nodes", multiple=True, type=click.Path(path_type=Path), help=_NODE_HELP)
@click.option("-p", "--prefix", type=FOLDER, help="Look into the installed environment in this folder.")
@click.option("-n", "--name", help=_NAME_HELP)
@click.option("--fast", is_flag=True, help=_FAST_HELP)
@click.option("--switches", "asks_switches", is_flag=True, help=_SWITCHES_HELP)
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@audit_options
def command(
    *,
    files: tuple[Path, ...],
    platforms: tuple[str, ...],
    driver: str | None,
    gpus: tuple[str, ...],
    machine_file: Path | None,
    precision: tuple[str, ...],
    nodes: tuple[Path, ...],
    prefix: Path | None,
    name: str | None,
    fast: bool,
    asks_switches: bool,
    no_progress: bool,
    choices: AuditChoices,
) -> int:  # click hands every option over by name
    """Check environment, lock, machine and an installed environment together; offline.

    Writes nothing, unless --fix or --write-baseline does. Without --driver, --gpu or --machine it looks at this
    machine. With --prefix or -n it looks into an installed environment too, conda's, pixi's, a venv or a plain Python:
    every file against the records (--fast: existence and size), its packages against the lock and against each other.
    With --switches, or a fingerprint for --machine, it tells which settings leave the bits of a run to chance.
    """
    request = make_request(files, choices)
    refuse_contradictions(choices)
    shows = not (no_progress or choices.quiet)
    root = _root(prefix, name, fast=fast)
    installed = _looking(root, fast=fast, shows=shows, is_quiet=choices.quiet)
    with progress("looking at the machine", enabled=shows):
        machine = find_machine(MachineRequest(driver=driver, gpus=gpus, fingerprint=machine_file))
        switches = _switches(root, machine_file, is_asked=asks_switches)
    request = replace(
        request,
        settings=replace(request.settings, precision=precision or request.settings.precision),
        machine=machine,
        switches=switches,
        platforms=platforms,
        installed=installed,
        pixi_environment=request.pixi_environment or _pixi_environment(root),
        nodes=tuple(read_node(path, platforms[0] if platforms else None) for path in nodes) or _NO_NODES,
    )
    return run_and_print(request, choices)


def _root(prefix: Path | None, name: str | None, *, fast: bool) -> Path | None:
    """Return the folder of the environment that was named, None where none was."""
    if prefix is not None or name is not None:
        # Imported where it is needed: most audits look at files of the project and at the machine alone.
        from reprocheck.workflows.installed import find_root

        return find_root(prefix, name)
    if fast:
        raise UsageError(
            "`--fast` without `--prefix` or `--name`",
            why="it says how to look at installed files, and no installed environment is named",
            how="name one, or leave `--fast` out",
        )
    return None


def _switches(root: Path | None, machine_file: Path | None, *, is_asked: bool) -> SwitchesInForce | Unseen:
    """Return the switches that the Python tells where it is to be asked, or that the fingerprint of a machine told."""
    if machine_file is None and not is_asked:
        return Unseen(reason="nobody asked which switches are in force; `--switches` does", asked=False)
    if machine_file is not None and is_asked:
        raise UsageError(
            "`--switches` beside `--machine`",
            why="the fingerprint tells the switches of its own Python",
            how="leave one of the two out",
        )
    # Imported where they are needed: most audits ask no Python.
    from reprocheck.workflows.switches import switches_in_force, switches_of_machine

    return switches_in_force(root) if machine_file is None else switches_of_machine(machine_file)


def _pixi_environment(root: Path | None) -> str | None:
    """Return the environment of the pixi.lock that a folder was made from: pixi names the folders after them."""
    folder = root.absolute() if root is not None else None
    return folder.name if folder is not None and folder.parent.parts[-2:] == (".pixi", "envs") else None


def _looking(root: Path | None, *, fast: bool, shows: bool, is_quiet: bool) -> Callable[[], Installed] | Unseen:
    """Return what looks into the environment when it is first asked to."""
    if root is None:
        return _NO_PREFIX

    @functools.cache  # mending asks again and again, and to look takes long
    def look() -> Installed:
        # Imported where it is needed, as above.
        from reprocheck.workflows.installed import look_into

        with progress("reading the records", enabled=shows) as shown:
            installed = look_into(root, fast=fast, progress=shown.step)
        if installed.inspection.resumed and not is_quiet:
            note(f"note: {installed.inspection.resumed:,} files were read by an audit that was interrupted")
        return installed

    return look

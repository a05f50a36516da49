"""`reprocheck export`: one platform of a lock in another format."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from reprocheck.cli.console import deliver, note
from reprocheck.errors import EXIT_CLEAN
from reprocheck.locking.exports.lock_dockerfile import DEFAULT_BASE_IMAGE
from reprocheck.readers.pixi_lock import DEFAULT_ENVIRONMENT
from reprocheck.workflows.export import EXPORT_FORMATS, ExportFormat, ExportRequest, export_lock


@click.command()
@click.argument("format_name", metavar="FORMAT", type=click.Choice(EXPORT_FORMATS))
@click.option(
    "--lockfile", type=click.Path(path_type=Path), help="The lock.  [default: conda-lock.yml, else pixi.lock, here]"
)
@click.option("-p", "--platform", help="The platform to write; may be left out where the lock has one only.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.  [default: stdout]"
)
@click.option("-e", "--extras", multiple=True, metavar="CATEGORY", help="Add a category beside main and dev.")
@click.option(
    "--environment",
    default=DEFAULT_ENVIRONMENT,
    metavar="NAME",
    help=f"Take this environment of a pixi.lock.  [default: {DEFAULT_ENVIRONMENT}]",
)
@click.option("--base-image", metavar="IMAGE", help=f"What a dockerfile builds on.  [default: {DEFAULT_BASE_IMAGE}]")
def command(
    *,
    format_name: str,
    lockfile: Path | None,
    platform: str | None,
    output: Path | None,
    extras: tuple[str, ...],
    environment: str,
    base_image: str | None,
) -> int:  # click hands every option over by name
    """Write one platform of a lock as FORMAT: explicit, pylock, env or dockerfile.

    \b
    explicit    an @EXPLICIT file as conda-lock renders it, for conda and mamba
    pylock      the pip part as pylock.toml (PEP 751), for pip and uv
    env         an environment.yml of exact pins, without hashes
    dockerfile  an image that installs both parts by hash, the lock inside

    The same lock gives the same bytes on every machine; offline.
    """  # noqa: D301  (click reads the escape as "do not wrap")
    request = ExportRequest(
        format_name=cast("ExportFormat", format_name),
        folder=Path(),
        lock=lockfile,
        platform=platform,
        environment=environment,
        extras=extras,
        base_image=base_image,
    )
    exported = export_lock(request)
    for text in exported.notes:
        note(f"note: {text}")
    deliver(exported.text, output)
    return EXIT_CLEAN

"""Which lock and platform `why`, `tree` and `graph` look at: their common options, spelled once."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import click

from reprocheck.cli.option_packs import Callback
from reprocheck.readers.configuration import read_settings
from reprocheck.readers.lock_names import usual_lock
from reprocheck.workflows.locked_links import LockChoice


def lock_options(callback: Callback) -> Callback:
    """Add `--lockfile`, `-f`, `--platform` and `--name-map` to a command, and hand them over together as `choice`."""

    @click.option(
        "--lockfile",
        type=click.Path(path_type=Path),
        help="The lock.  [default: conda-lock.yml, else pixi.lock, beside -f]",
    )
    @click.option(
        "-f",
        "--file",
        "environment",
        type=click.Path(path_type=Path),
        help="The environment file.  [default: what the lock names]",
    )
    @click.option("--platform", help="One platform of the lock.  [default: all]")
    @click.option(
        "--name-map",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Pairs `conda-name: pypi-name` that go before the packaged ones.",
    )
    @functools.wraps(callback)
    def chosen(
        *,
        lockfile: Path | None,
        environment: Path | None,
        platform: str | None,
        name_map: Path | None,
        **values: object,
    ) -> int:
        choice = LockChoice(
            lock=lockfile or usual_lock(environment.parent if environment else Path()),
            environment=environment,
            platform=platform,
            name_map=name_map.as_posix() if name_map else read_settings(Path.cwd(), os.environ).name_map,
        )
        return callback(choice=choice, **values)

    return chosen

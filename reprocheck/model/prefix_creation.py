"""What `create` is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CreationStatus = Literal["created", "changed", "completed", "unchanged"]

DEFAULT_CREATE_TIMEOUT_S = 3600  # environments of torch are gigabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A lock to install into the folder `prefix`.

    `lock` None means the usual name in `folder`; `platform` None means this machine's; `environment` is the one to
    take of a pixi.lock; `extras` are categories beside main and dev, the latter left out by `without_dev`. `force`
    takes over a conda environment that somebody else made. `timeout_s` limits fetching and linking together.
    """

    prefix: Path
    folder: Path
    lock: Path | None
    platform: str | None
    environment: str
    extras: tuple[str, ...] = ()
    without_dev: bool = False
    force: bool = False
    offline: bool = False
    timeout_s: int = DEFAULT_CREATE_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What became of a prefix.

    `status` is `created` where nothing was, `completed` where an interrupted run had left something, `changed` for
    another environment than before or a repaired one. `path` is the folder as the user named it. `installed`,
    `removed` and `repaired` name packages as `name version`, pip's with ` (pip)` behind, sorted; `conda` and `pip`
    count those of the lock. `notes` are sentences without a final stop.
    """

    status: CreationStatus
    path: str
    platform: str
    conda: int
    pip: int
    installed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

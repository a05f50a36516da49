"""What a lock is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reprocheck.model.locks import Lock, Manager

Mode = Literal["write", "dry-run", "check"]
Status = Literal["created", "changed", "unchanged"]
Sign = Literal["+", "-", "~"]
SolverName = Literal["rattler", "conda-lock"]

DEFAULT_PLATFORMS = ("linux-64", "osx-arm64", "win-64")
DEFAULT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """Environment files to lock together.

    `platforms` and `channels` replace those of the files when not empty; `channels` may hold credentials. `cuda` is
    a version (`12.4`), `none`, or None where nobody decided. `timeout_s` limits fetching and solving together.
    What the old lock holds stays wherever the specs let it, but for `upgraded` names, or with `upgrade_all`.
    `exclude_newer` is a day or a time with an offset (what was uploaded later does not exist), `none`, or None where
    nobody said. `virtual_packages` is a file that describes the assumed machines. With `paths_are_usual` nobody named
    the environment files, and those that the old lock was made from count. `name_map` is a file of further name pairs.
    """

    environment_paths: tuple[Path, ...]
    lock_path: Path
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    cuda: str | None = None
    virtual_packages: Path | None = None
    explicit: bool = False
    without_pip: bool = False
    mode: Mode = "write"
    offline: bool = False
    timeout_s: int = DEFAULT_TIMEOUT_S
    upgrade_all: bool = False
    upgraded: tuple[str, ...] = ()
    exclude_newer: str | None = None
    solver: SolverName = "rattler"
    keep_mirror: bool = False
    paths_are_usual: bool = False
    name_map: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockChange:
    """One package that came, went or changed alike on several platforms; `~` has both `old` and `new`.

    `old` and `new` are versions, with the build string behind a space for conda packages.
    """

    sign: Sign
    manager: Manager
    name: str
    old: str | None
    new: str | None
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOutcome:
    """What `lock` found or did. `notes` are for the person at the keyboard, each a sentence without a final stop.

    `roots` are the names that the user declared; `written` the files that were replaced, in order.
    """

    lock: Lock
    status: Status
    mode: Mode
    changes: tuple[LockChange, ...]
    roots: tuple[str, ...]
    notes: tuple[str, ...]
    written: tuple[str, ...]

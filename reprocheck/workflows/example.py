"""The packaged example: a small project, a channel of invented packages, and damage to what was installed from it."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.machine.conda_platform import conda_platform
from reprocheck.workflows.example_channel import make_channel

PLATFORMS = ("linux-64", "osx-arm64", "win-64")
_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the example lies inside the package; in a checkout, where the wheel is built from.
_PLACES = (_PACKAGE / "example", _PACKAGE.parent / "fixtures" / "example")


def copy_example(folder: Path) -> None:
    """Copy environment.yml into `folder`, and make the channel there.

    Raises:
        InputError: the installation lacks the example.
    """
    source = next((place for place in _PLACES if (place / "environment.yml").is_file()), None)
    if source is None:
        raise InputError(
            "the packaged example is missing",
            where=str(_PLACES[0]),
            why="the wheel should contain it",
            how="install reprocheck anew",
        )
    shutil.copy(source / "environment.yml", folder / "environment.yml")
    make_channel(source / "channel", folder / "channel")


def platform_options(platform: str = "") -> tuple[str, ...]:
    """Return what `create` must be told on this machine: nothing, unless the example is for other machines only."""
    return () if (platform or conda_platform()) in PLATFORMS else ("--platform", PLATFORMS[0])


def damage_files(prefix: Path, altered: str, removed: str) -> tuple[str, str]:
    """Flip a bit in the file of one package, remove that of another, and return the two paths."""
    changed, gone = _file_of(prefix, altered), _file_of(prefix, removed)
    with contextlib.suppress(FileNotFoundError), changed.open("r+b") as stream:
        # In place, as a disk does it: the package cache, whose file this is a hard link to, is damaged too.
        first = stream.read(1)[0]
        stream.seek(0)
        stream.write(bytes([first ^ 1]))
    gone.unlink(missing_ok=True)
    return changed.as_posix(), gone.as_posix()


def _file_of(prefix: Path, name: str) -> Path:
    """Return what a package of the example has installed; where it has not, a path where nothing is."""
    for record in (prefix / "conda-meta").glob(f"{name}-*.json"):
        return prefix / str(json.loads(record.read_text(encoding="utf-8"))["files"][0])
    return prefix / name

"""The packaged example: a small project and a channel of invented records."""

from __future__ import annotations

import shutil
from pathlib import Path

from reprocheck.errors import InputError

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the example lies inside the package; in a checkout, where the wheel is built from.
_PLACES = (_PACKAGE / "example", _PACKAGE.parent / "fixtures" / "example")


def copy_example(folder: Path) -> None:
    """Copy environment.yml and the channel into `folder`.

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
    shutil.copytree(source / "channel", folder / "channel")

"""The types of options that several commands share: a Python, and seconds."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Final

import click

LONGEST_S = 86_400.0


class PythonPath(click.Path):
    """A path to an interpreter; a bare name is looked for on PATH, as a shell does.

    pathlib makes `python` of `./python`, and another Python than the one meant would be asked.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, absolute where it would have become a bare name."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        lost_its_folder = len(path.parts) == 1 and str(path) != str(value)
        return path.absolute() if lost_its_folder else path


class Seconds(click.FloatRange):
    """A time that comes to an end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the seconds.

        Raises:
            click.BadParameter: no number, or out of range; `nan` is in every range.
        """
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{seconds} is no time", param, ctx)
        return seconds


PYTHON: Final = PythonPath(path_type=Path)
COMMAND_SECONDS: Final = Seconds(min=1.0, max=30 * LONGEST_S)  # of a user's own training

"""The type of options that name an environment's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click


class EnvironmentFolder(click.Path):
    """A path as click reads it, but for the empty one.

    click takes that for the current folder, and a variable that is not set would make an environment of it.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            click.BadParameter: it is empty.
        """
        if value == "":
            self.fail("the path is empty: is a variable not set?", param, ctx)
        return super().convert(value, param, ctx)


FOLDER: Final = EnvironmentFolder(path_type=Path, readable=False)  # what one may not read is told in our own words

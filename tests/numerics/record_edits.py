"""Edits of a record by the path to what is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def change(path: str, value: object) -> Callable[[Any], None]:
    """Return what puts `value` at `path`; a number is a place in a list, behind `#` a key."""

    def apply(document: Any) -> None:
        *parents, last = [int(part) if part.isdigit() else part.lstrip("#") for part in path.split("/")]
        for part in parents:
            document = document[part]
        document[last] = value

    return apply

"""Read the packaged tables: every scalar stays a string, `null` is None, and nothing is checked twice.

The tables are ours and tests hold their shape, so a missing key is a bug and may raise KeyError.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).with_name("tables")
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # pure Python where libyaml was not built in

Row = Mapping[str, str | list[str]]


@cache
def rows_of(table: str, section: str) -> tuple[Row, ...]:
    """Return the rows of one section of `tables/<table>.yaml`, in file order."""
    return tuple(_document(table)[section])


def text(row: Row, key: str) -> str:
    """Return a value that is always there."""
    value = row[key]
    return value if isinstance(value, str) else ", ".join(value)


def optional_text(row: Row, key: str) -> str | None:
    """Return a value, None where the table says `null`."""
    value = text(row, key)
    return None if value in ("null", "") else value


@cache
def _document(table: str) -> Mapping[str, list[Row]]:
    loaded: Mapping[str, list[Row]] = yaml.load(
        (_FOLDER / f"{table}.yaml").read_text(encoding="utf-8"),
        Loader=_Loader,  # noqa: S506 - a base loader: strings, lists and mappings only
    )
    return loaded

"""Read the packaged tables: every scalar stays a string, `null` is None, and nothing is checked twice.

The tables are ours and tests hold their shape, so a missing key is a bug and may raise KeyError.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("tables")

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
    # Imported where it is needed: PyYAML takes 15 ms to load, and where nothing speaks of CUDA no table is read.
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # pure Python where libyaml was not built in
    loaded: Mapping[str, list[Row]] = yaml.load(
        (_FOLDER / f"{table}.yaml").read_text(encoding="utf-8"),
        Loader=loader,  # noqa: S506 - a base loader: strings, lists and mappings only
    )
    return loaded

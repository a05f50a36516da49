"""Read the packaged tables: every scalar stays a string, `null` is None, and nothing is checked twice.

The tables are ours and tests hold their shape, so a missing key is a bug and may raise KeyError. Their rows are flow
mappings of one line each, which one pattern reads in a tenth of the time that PyYAML takes to load; a section that is
written in another way is read by PyYAML, and a test tells which one is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("tables")

Row = Mapping[str, str | list[str]]


@cache
def rows_of(table: str, section: str) -> tuple[Row, ...]:
    """Return the rows of one section of `tables/<table>.yaml`, in file order."""
    plain = plain_rows(_text(table), section)
    return tuple(_document(table)[section]) if plain is None else plain


def firm_rows(table: str, section: str) -> tuple[Row, ...]:
    """Return the rows that may stand behind an error: those of low confidence stay out."""
    return tuple(row for row in rows_of(table, section) if row["confidence"] != "low")


def text(row: Row, key: str) -> str:
    """Return a value that is always there."""
    value = row[key]
    return value if isinstance(value, str) else ", ".join(value)


def optional_text(row: Row, key: str) -> str | None:
    """Return a value, None where the table says `null`."""
    value = text(row, key)
    return None if value in ("null", "") else value


@cache
def _text(table: str) -> str:
    return (_FOLDER / f"{table}.yaml").read_text(encoding="utf-8")


def plain_rows(table: str, section: str) -> tuple[Row, ...] | None:
    """Return the rows of a section in the text of a table; None where a row is no flow mapping of one line."""
    _, found, rest = f"\n{table}".partition(f"\n{section}:\n")
    lines = [line for line in _lines_of_section(rest) if line[:1] not in ("#", "")]
    rows = [_plain_row(line) for line in lines]
    return None if not found or not rows or None in rows else tuple(row for row in rows if row is not None)


def _lines_of_section(rest: str) -> Iterator[str]:
    """Yield the lines up to the next key at the margin."""
    for line in rest.split("\n"):
        if line[:1] not in ("-", "#", "", " "):
            return
        yield line


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a pair and of an item of a list."""
    scalar = r"'(?:[^']|'')*'|[^\s,\[\]{}'\"#&*!|>%@`?:\-](?:[^,\[\]{}'\"#:]|:(?! ))*(?<![ :])|-[\w.]+"
    pair = (
        rf"(?P<key>\w+): (?:\[(?P<items>(?:(?:{scalar})(?:, (?={scalar}))?)*)\]|(?P<scalar>{scalar}))(?P<end>, |\}}$)"
    )
    return re.compile(pair), re.compile(scalar)


def _plain_row(line: str) -> Row | None:
    pair, item = _patterns()
    row: dict[str, str | list[str]] = {}
    at, end = 3, "" if line.startswith("- {") else None
    while end is not None and end != "}":
        found = pair.match(line, at)
        if found is None or found["key"] in row:
            return None
        items = found["items"]
        row[found["key"]] = _bare(found["scalar"]) if items is None else [_bare(text) for text in item.findall(items)]
        at, end = found.end(), found["end"]
    return None if end is None else row


def _bare(scalar: str) -> str:
    return scalar[1:-1].replace("''", "'") if scalar[0] == "'" else scalar


@cache
def _document(table: str) -> Mapping[str, list[Row]]:
    # Imported where it is needed: PyYAML takes 15 ms to load, and where nothing speaks of CUDA no table is read.
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # pure Python where libyaml was not built in
    loaded: Mapping[str, list[Row]] = yaml.load(
        _text(table),
        Loader=loader,  # noqa: S506 - a base loader: strings, lists and mappings only
    )
    return loaded

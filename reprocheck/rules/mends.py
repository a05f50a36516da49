"""Edits of environment.yml lines that hold one list item and nothing else; any other line is left to people."""

from __future__ import annotations

import re

from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Edit
from reprocheck.rules.declarations import Declaration


def removal(environment: EnvironmentFile, entry: Declaration, *, safe: bool) -> tuple[Edit, ...]:
    """Return the edit that takes out the line of `entry`; of the last line of a pip section, its key as well.

    Empty where the line holds more than the entry and a comment.
    """
    number = entry.location.line
    if not _item_of(entry, environment):
        return ()
    edits = [Edit(path=environment.path, first=number, last=number, lines=(), safe=safe)]
    if isinstance(entry, PipRequirement) and len(environment.pip) == 1:
        key = environment.pip_location.line if environment.pip_location else number
        if not match_item(environment, key, "pip:"):
            return ()
        # Installers refuse a `pip:` that holds nothing.
        edits.insert(0, Edit(path=environment.path, first=key, last=key, lines=(), safe=safe))
    return tuple(edits)


def replacement(environment: EnvironmentFile, entry: Declaration, text: str, *, safe: bool) -> tuple[Edit, ...]:
    """Return the edit that writes `text` in the place of `entry`; indentation, quotes and comment stay.

    Empty where the line holds more than the entry and a comment.
    """
    number = entry.location.line
    found = _item_of(entry, environment)
    if not found:
        return ()
    return (Edit(path=environment.path, first=number, last=number, lines=(put_in_item(found, text),), safe=safe),)


def raw_text(entry: Declaration) -> str:
    """Return an entry as it stands in the file, credentials included: for edits only, never for a message."""
    return entry.text if isinstance(entry, CondaSpec) else entry.address


def _item_of(entry: Declaration, environment: EnvironmentFile) -> re.Match[str] | None:
    """Match the line of an entry; one of a requirements file stands on a line of that file."""
    same_file = entry.location.path == environment.path
    return match_item(environment, entry.location.line, raw_text(entry)) if same_file else None


def match_item(environment: EnvironmentFile, number: int, text: str) -> re.Match[str] | None:
    """Match the line `- text  # comment`, where the text may stand in quotation marks."""
    item = rf"\s*-\s+(?P<quote>['\"]?)(?P<text>{re.escape(text)})(?P=quote)\s*(?:(?<=\s)#.*)?"
    return re.fullmatch(item, environment.lines[number - 1])


def put_in_item(found: re.Match[str], text: str) -> str:
    """Return a matched line with another text; indentation, quotes and comment stay."""
    return found.string[: found.start("text")] + text + found.string[found.end("text") :]

"""Elements and attributes of XML that hold any text: control characters, which XML 1.0 has no place for, are spelled.

Source: XML 1.0 §2.2 (characters), §2.4 (character data).
"""

from __future__ import annotations

import re

from reprocheck.reports.log_text import log_line
from reprocheck.reports.visible import spelled_out, visible

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")


def element(tag: str, text: str, **attributes_of_it: str) -> str:
    """Return an element with visible text in it."""
    start = f"{tag} {attributes(**attributes_of_it)}" if attributes_of_it else tag
    return f"<{start}>{_escaped(text)}</{tag}>"


def attributes(**values: str) -> str:
    """Return attributes in the order that they are given in; their values are one line each."""
    return " ".join(f'{key}="{_escaped(log_line(visible(value)))}"' for key, value in values.items())


def _escaped(text: str) -> str:
    """Return visible lines as character data."""
    return _NO_CHARACTERS.sub(lambda found: spelled_out(found[0]), text).translate(_ENTITIES)

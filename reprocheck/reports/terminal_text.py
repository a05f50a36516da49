"""How wide text stands on a terminal, and text made to fit: wrapped between words, or cut.

Source: Unicode Standard Annex #11 (East Asian Width); combining marks take no column of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WIDE = {"W", "F"}
_ABOVE = {"Mn", "Me"}
_WORD = r"(?:`[^`]*`|\S)+"
ELLIPSIS = "…"


def columns(text: str) -> int:
    """Return how many columns visible text takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def painted(text: str, code: str) -> str:
    """Return text in a colour, `code` after ECMA-48 §8.3.117."""
    return f"\x1b[{code}m{text}\x1b[0m"


def wrapped(text: str, width: int | None) -> Iterator[str]:
    """Yield lines of at most `width` columns; longer words, and code between backticks, stay whole.

    Without a width the text stays as it is.
    """
    if width is None or columns(text) <= width:
        yield text
        return
    line = ""
    for word in re.findall(_WORD, text):
        if line and columns(line) + 1 + columns(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def cut_after(text: str, width: int) -> str:
    """Return the beginning of `text`, `width` columns at most, with an ellipsis where something is gone."""
    if columns(text) <= width:
        return text
    kept, taken = 0, 1
    while taken + _columns_of(text[kept]) <= width:
        taken += _columns_of(text[kept])
        kept += 1
    return text[:kept] + ELLIPSIS


def cut_before(text: str, width: int) -> str:
    """Return the end of `text`, `width` columns at most, with an ellipsis where something is gone."""
    if columns(text) <= width:
        return text
    kept, taken = len(text), 1
    while taken + _columns_of(text[kept - 1]) <= width:
        kept -= 1
        taken += _columns_of(text[kept])
    return ELLIPSIS + text[kept:]


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in _ABOVE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1

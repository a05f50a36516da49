"""Where the keys of a TOML file stand: `tomllib` tells values without places.

Found line by line and by best effort. A key that is not written at the start of a line (inside an inline table, say) is
placed where the nearest table or key above it is.
Source: TOML 1.0 (bare, quoted and dotted keys, table headers, multi-line strings).
"""

from __future__ import annotations

import re

from reprocheck.model.findings import Location

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*\[{{1,2}}\s*(?P<keys>{_KEYS})\s*\]{{1,2}}\s*(?:#.*)?$")
_PAIR = re.compile(rf"^\s*(?P<keys>{_KEYS})\s*=")
_ONE = re.compile(_KEY)
_LONG_QUOTE = re.compile(r"\"\"\"|'''")


class TomlPlaces:
    """The places of the keys of one file."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.places: dict[tuple[str, ...], Location] = {}
        self._scan()

    def of_key(self, *keys: str) -> Location:
        """Return where a key stands, or the nearest one above it, or the start of the file."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.places:
                return self.places[keys[:length]]
        return self._at(1, 0)

    def of_item(self, text: str, *keys: str) -> Location:
        """Return where a string of the list under `keys` stands; where it is not found, the place of the key."""
        start = self.of_key(*keys)
        for number in range(start.line, len(self.lines) + 1):
            line = self.lines[number - 1]
            columns = [line.find(f"{quote}{text}{quote}") for quote in "\"'"]
            if max(columns) >= 0:
                return self._at(number, max(columns))
        return start

    def _scan(self) -> None:
        header: tuple[str, ...] = ()
        inside_string = False
        for number, line in enumerate(self.lines, start=1):
            was_inside = inside_string
            inside_string ^= len(_LONG_QUOTE.findall(line)) % 2 == 1
            if was_inside:
                continue
            if found := _HEADER.match(line):
                header = _split(found["keys"])
                self.places.setdefault(header, self._at(number, found.start("keys")))
            elif found := _PAIR.match(line):
                self.places.setdefault((*header, *_split(found["keys"])), self._at(number, found.start("keys")))

    def _at(self, line: int, column: int) -> Location:
        """Return a place; `column` counts from 0."""
        return Location(path=self.path, line=line, column=column + 1)


def _split(keys: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in _ONE.findall(keys))

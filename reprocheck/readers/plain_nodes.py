"""The plain corner of YAML in which environment files are written, as the nodes that `yaml_events` makes of it.

Mappings and lists in block style, one-line scalars without escapes, comments. Anything else raises `Irregular`, and
the caller takes the road through PyYAML, which knows all of YAML and takes 15 ms to load: a tenth of what `check`
may take. Where both roads read a text, they give the same nodes.

Source: YAML 1.2.2 §7.3.3 (plain scalars), §8.2 (block collections; a list may stand as deep as the key above it).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reprocheck.model.findings import Location
from reprocheck.readers.plain_blocks import Irregular
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar, YamlSequence

# What goes beyond is left to `yaml_events`, which tells where nodes are too many or nested too deeply.
_MOST_LINES = 10_000
_DEEPEST_INDENT = 12

_LINE = re.compile(
    r"(?P<indent> *)(?P<dash>- )?"
    r"(?:(?P<key>[A-Za-z_][\w\-]{0,99}):(?= |$) *)?"
    r"(?P<value>'[^']*'|\"[^\"\\]*\"|(?:[A-Za-z0-9_./~$+]|[-:](?=\S))(?:[^\s:#]|:(?=\S)|(?<=\S)#| +(?=[^\s#]))*)?"
    r" *(?:(?<![^ ])#.*)?"
)


class _Line(NamedTuple):
    number: int
    indent: int
    dash: bool
    found: re.Match[str]


def plain_nodes(text: str, path: str) -> YamlMapping:
    """Return the mapping that `text` holds.

    Raises:
        Irregular: `text` leaves the plain corner.
    """
    lines = text.split("\n")
    if not text.isascii() or "\t" in text or len(lines) > _MOST_LINES:
        raise Irregular
    reader = _Reader([line for number, told in enumerate(lines, 1) if (line := _split(number, told))], path)
    root = reader.mapping(0)
    if reader.waiting or not root.entries:
        raise Irregular
    return root


def _split(number: int, text: str) -> _Line | None:
    """Return the pieces of a line, None where it is blank or a comment."""
    found = _LINE.fullmatch(text)
    if found is None or found.end("indent") > _DEEPEST_INDENT:
        raise Irregular
    line = _Line(number, found.end("indent"), found["dash"] is not None, found)
    return line if line.dash or found["key"] or found["value"] else None


class _Reader:
    """Walks over the lines, the next one last in `waiting`; every method takes off what it reads."""

    def __init__(self, lines: list[_Line], path: str) -> None:
        self.waiting = lines[::-1]
        self.path = path

    def mapping(self, indent: int) -> YamlMapping:
        location = self._location(indent)
        entries: dict[str, tuple[YamlScalar, YamlNode]] = {}
        while self._next() == (indent, False):
            line = self.waiting.pop()
            key = self._scalar(line, "key")
            if key.value in entries:
                raise Irregular
            entries[key.value] = (key, self._scalar(line, "value") if line.found["value"] else self._nested(indent))
        self._refuse_deeper_than(indent)
        return YamlMapping(entries=tuple(entries.values()), location=location)

    def _nested(self, indent: int) -> YamlNode:
        place, dash = self._next()
        if dash and place >= indent:
            return self._sequence(place)
        if place <= indent:
            raise Irregular
        return self.mapping(place)

    def _sequence(self, indent: int) -> YamlSequence:
        location = self._location(indent)
        items: list[YamlNode] = []
        while self._next() == (indent, True):
            line = self.waiting.pop()
            if line.found["key"]:
                self.waiting.append(line._replace(indent=indent + 2, dash=False))
                items.append(self.mapping(indent + 2))
            else:
                items.append(self._scalar(line, "value"))
        self._refuse_deeper_than(indent)
        return YamlSequence(items=tuple(items), location=location)

    def _next(self) -> tuple[int, bool]:
        """Return the indentation of the next line, -1 behind the last one, and whether a dash stands there."""
        return self.waiting[-1][1:3] if self.waiting else (-1, False)

    def _refuse_deeper_than(self, indent: int) -> None:
        """A deeper line goes on with the scalar above it, or belongs to nothing."""
        if self._next()[0] > indent:
            raise Irregular

    def _location(self, indent: int) -> Location:
        return Location(path=self.path, line=self.waiting[-1].number if self.waiting else 1, column=indent + 1)

    def _scalar(self, line: _Line, piece: str) -> YamlScalar:
        text, start, end = line.found[piece], line.found.start(piece), line.found.end(piece)
        if not text:
            raise Irregular
        quoted = text[0] in "'\""
        return YamlScalar(
            value=text[1:-1] if quoted else text,
            location=Location(path=self.path, line=line.number, column=start + 1),
            end=Location(path=self.path, line=line.number, column=end + 1),
            plain=not quoted,
        )

"""The regular corner of YAML in which lock files are written, read line by line and quickly.

Mappings, lists and one-line scalars in block style, as PyYAML's dumper lays them out. Whatever lies outside of
that corner (comments after values, anchors, folded lines, escapes, tabs) raises `Irregular`, and the caller
takes the slower road through `yaml_events`, which knows all of YAML. Both roads end in `Block`.
"""

from __future__ import annotations

import functools
import re
from typing import TypeAlias

from reprocheck.readers.yaml_nodes import YamlNode, YamlScalar, YamlSequence

Value: TypeAlias = "str | list[Value] | Block"

_KEY = re.compile(r"[A-Za-z_][\w.\-/]*|\d[\w.\-/]*[A-Za-z_\-][\w.\-/]*")
_SINGLE_QUOTED = re.compile(r"'(?:[^']|'')*'")
_DOUBLE_QUOTED = re.compile(r'"[^"\\]*"')
_OTHER_BREAKS = "\t\x85\u2028\u2029"  # YAML sees white space or a new line in them
ABSENT = frozenset(("", "null", "~"))  # scalars that say nothing
_NO_PLAIN_START = frozenset(" -?:,[]{}#&*!|>'\"%@`")

_Line: TypeAlias = tuple[int, int, bool, str | None, str | None]  # number, indent, dash, key, text


class Irregular(Exception):
    """A line outside of the regular corner; never shown to anyone."""


class Block:
    """A mapping: values by key, and the line (from 1) of every key."""

    __slots__ = ("lines", "values")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.lines: dict[str, int] = {}

    @property
    def line(self) -> int:
        """The line of the first key."""
        return next(iter(self.lines.values()), 1)

    def text(self, key: str) -> str | None:
        """Return the scalar under `key`; None when absent, empty or no scalar."""
        value = self.values.get(key)
        return value if isinstance(value, str) and value not in ABSENT else None

    def block(self, key: str) -> Block:
        """Return the mapping under `key`, an empty one when it is anything else."""
        value = self.values.get(key)
        return value if isinstance(value, Block) else Block()

    def items(self, key: str) -> list[Value]:
        """Return the list under `key`, an empty one when it is anything else."""
        value = self.values.get(key)
        return value if isinstance(value, list) else []


def scan_blocks(text: str) -> Block:
    """Return the mapping that `text` holds.

    Raises:
        Irregular: `text` leaves the regular corner.
    """
    refuse_other_breaks(text)
    lines = [_split(number, line) for number, line in enumerate(text.split("\n"), 1) if line and line[0] != "#"]
    scanner = _Scanner(lines)
    root = scanner.mapping(0)
    if scanner.at < len(lines):
        raise Irregular
    return root


def refuse_other_breaks(text: str) -> None:
    """Raise Irregular where `text` holds tabs, or what only YAML takes for a new line."""
    if any(mark in text for mark in _OTHER_BREAKS):
        raise Irregular


def _split(number: int, line: str) -> _Line:
    rest = line.lstrip(" ")
    indent = len(line) - len(rest)
    dash = rest[:2] == "- "
    if dash:
        rest = rest[2:]
    key, colon, text = rest.partition(": ")
    if colon:
        return (number, indent, dash, read_key(key), text)
    if rest[-1:] == ":":
        return (number, indent, dash, read_key(rest[:-1]), None)
    return (number, indent, dash, None, rest)


@functools.lru_cache(maxsize=4096)
def read_key(text: str) -> str:
    """Return the key that `text` spells before a colon; raises Irregular for an unusual one."""
    if _KEY.fullmatch(text):
        return text
    if text[:1] == "'":
        return read_scalar(text)
    raise Irregular


@functools.lru_cache(maxsize=4096)
def read_scalar(text: str) -> str:
    """Return the value of a one-line scalar, or raise Irregular; the same few values fill a lock, hence the cache."""
    first = text[:1]
    if first == "'" and _SINGLE_QUOTED.fullmatch(text):
        return text[1:-1].replace("''", "'")
    if first == '"' and _DOUBLE_QUOTED.fullmatch(text):
        return text[1:-1]
    if not text or first in _NO_PLAIN_START or text[-1] in ": " or ": " in text or " #" in text:
        raise Irregular
    return text


class _Scanner:
    """Walks over the lines; every method leaves `at` behind what it took."""

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.at = 0

    def mapping(self, indent: int) -> Block:
        """Take the entries that stand at `indent`; a first one behind a dash has its dash taken already."""
        block = Block()
        values, key_lines, lines = block.values, block.lines, self.lines
        while self.at < len(lines):
            number, place, dash, key, text = lines[self.at]
            if place != indent or dash:
                if place > indent:
                    raise Irregular
                break
            if key is None or key in values:
                raise Irregular
            self.at += 1
            key_lines[key] = number
            values[key] = self._value(text, indent)
        return block

    def _value(self, text: str | None, indent: int) -> Value:
        if text is None:
            return self._nested(indent)
        if text == "{}":
            return Block()
        return [] if text == "[]" else read_scalar(text)

    def _nested(self, indent: int) -> Value:
        if self.at == len(self.lines):
            return ""
        _, place, dash, _, _ = self.lines[self.at]
        if dash and place >= indent:
            return self._sequence(place)
        return self.mapping(place) if place > indent else ""

    def _sequence(self, indent: int) -> list[Value]:
        items: list[Value] = []
        while self.at < len(self.lines):
            number, place, dash, key, text = self.lines[self.at]
            if not dash or place != indent:
                if place > indent:
                    raise Irregular
                break
            if key is None:
                self.at += 1
                items.append(read_scalar(text or ""))
            else:
                self.lines[self.at] = (number, indent + 2, False, key, text)
                items.append(self.mapping(indent + 2))
        return items


def blocks_of(node: YamlNode) -> Value:
    """Return the same data from the event reader's nodes."""
    if isinstance(node, YamlScalar):
        return node.value
    if isinstance(node, YamlSequence):
        return [blocks_of(item) for item in node.items]
    block = Block()
    for key, value in node.entries:
        block.values[key.value] = blocks_of(value)
        block.lines[key.value] = key.location.line
    return block

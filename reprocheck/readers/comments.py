"""Comments of a YAML file with their places; the parser drops them, and suppressions live in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.environments import Comment
from reprocheck.model.findings import Location
from reprocheck.readers.yaml_nodes import YamlNode, scalars_in

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")


def read_comments(lines: tuple[str, ...], root: YamlNode, path: str) -> tuple[Comment, ...]:
    """Return every comment outside of scalars, in file order."""
    ends, inside = _scalar_extents(root)
    return tuple(_comments(lines, ends, inside, path))


def _scalar_extents(root: YamlNode) -> tuple[dict[int, int], set[int]]:
    """Return the column where the last scalar of each line ends, and the lines that lie inside one."""
    ends: dict[int, int] = {}
    inside: set[int] = set()
    for scalar in scalars_in(root):
        inside.update(range(scalar.location.line, scalar.end.line))
        ends[scalar.end.line] = max(ends.get(scalar.end.line, 0), scalar.end.column - 1)
    return ends, inside


def _comments(lines: tuple[str, ...], ends: dict[int, int], inside: set[int], path: str) -> Iterator[Comment]:
    for number, line in enumerate(lines, start=1):
        if number in inside or "#" not in line:
            continue
        found = _COMMENT.search(line, ends.get(number, 0))
        if found:
            place = Location(path=path, line=number, column=found.start() + 1)
            yield Comment(text=found.group(), location=place, alone=not line[: found.start()].strip())

"""An event-level YAML reader: line marks, scalars stay strings, hostile input is refused.

Over PyYAML's libyaml parser. It knows mappings, sequences and scalars only: no anchors, aliases, tags or
merge keys; a duplicate key is an error with both lines. Limits on depth and nodes bound the work.

Source for the limits and the refusals: measured against 18 hostile files; YAML 1.2.2 §3.2.1.3 (unique keys).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

import yaml

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.findings import Location
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar, YamlSequence

DEEPEST_NESTING = 16
MOST_NODES = 50_000

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)")
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")
_Loader = getattr(yaml, "CLoader", yaml.Loader)  # pure Python where libyaml was not built in


class _Mark(Protocol):
    """A place as libyaml and PyYAML both give it, counted from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


def parse_yaml(text: str, path: str, most_nodes: int = MOST_NODES) -> YamlNode | None:
    """Return the one document of `text`, None when it is empty; `most_nodes` limits its size.

    Raises:
        InputError: not YAML, or YAML beyond mappings, sequences and scalars.
        GatheredErrors: several conflict markers, odd line breaks, tabs or duplicate keys.
    """
    raise_gathered(list(_plain_faults(text, path)))
    builder = _Builder(path, most_nodes)
    try:
        root = builder.build(yaml.parse(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise _yaml_fault(error, path) from error
    except UnicodeEncodeError as error:
        raise InputError(
            "lone surrogate", where=path, why="the text should be Unicode", how="save it as UTF-8"
        ) from error
    raise_gathered(builder.duplicates)
    return root


def _plain_faults(text: str, path: str) -> Iterator[ReprocheckError]:
    """Yield faults that a YAML parser reports badly: conflict markers, odd line breaks, tabs in the indentation."""
    for number, line in enumerate(text.split("\n"), start=1):
        if _CONFLICT.match(line):
            yield InputError(
                f"conflict marker `{line[:7]}`",
                where=f"{path}:{number}:1",
                why="a merge was left unfinished",
                how="resolve the conflict and remove the markers",
            )
        elif found := _ODD_BREAK.search(line):
            yield InputError(
                f"line break U+{ord(found.group()):04X} within a line",
                where=f"{path}:{number}:{found.start() + 1}",
                why="some readers of YAML go on in a new line there, and others do not",
                how="remove the character, or begin a new line",
            )
        elif "\t" in line[: len(line) - len(line.lstrip())] and line.strip():
            yield InputError(
                "tab in the indentation",
                where=f"{path}:{number}:{line.index(chr(9)) + 1}",
                why="YAML indents with spaces only",
                how="replace the tab by spaces",
            )


def _yaml_fault(error: yaml.YAMLError, path: str) -> InputError:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "text that is no YAML"
    context = getattr(error, "context", None) or "the file should be valid YAML"
    return InputError(f"not valid YAML: {what}", where=where, why=context, how="correct this line")


class _Builder:
    """Turns parser events into nodes, with depth and node counts held."""

    def __init__(self, path: str, most_nodes: int) -> None:
        self.path = path
        self.most_nodes = most_nodes
        self.nodes = 0
        self.duplicates: list[ReprocheckError] = []

    def build(self, events: Iterator[yaml.Event]) -> YamlNode | None:
        root: YamlNode | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._fault(event, "second YAML document", "one file holds one document")
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent):
                root = self._node(event, events, 0)
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> YamlNode:
        self.nodes += 1
        if self.nodes > self.most_nodes:
            raise self._fault(event, "too many YAML nodes", f"at most {self.most_nodes} are read")
        if depth > DEEPEST_NESTING:
            raise self._fault(event, "YAML nested too deeply", f"at most {DEEPEST_NESTING} levels are read")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._fault(event, "YAML anchor or alias", "conda environment files need none; they can hide bombs")
        if tag := getattr(event, "tag", None):
            raise self._fault(event, f"YAML tag `{tag}`", "scalars are plain text here")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, depth)
        return self._mapping(event, events, depth)

    def _scalar(self, event: yaml.ScalarEvent) -> YamlScalar:
        return YamlScalar(
            value=event.value,
            location=self._at(event.start_mark),
            end=self._at(event.end_mark),
            plain=not event.style,  # None from PyYAML, empty from libyaml
        )

    def _sequence(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> YamlSequence:
        items = []
        while not isinstance(child := next(events), yaml.SequenceEndEvent):
            items.append(self._node(child, events, depth + 1))
        return YamlSequence(items=tuple(items), location=self._at(event.start_mark))

    def _mapping(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> YamlMapping:
        entries: list[tuple[YamlScalar, YamlNode]] = []
        seen: dict[str, YamlScalar] = {}
        while not isinstance(child := next(events), yaml.MappingEndEvent):
            key = self._node(child, events, depth + 1)
            if not isinstance(key, YamlScalar):
                raise self._fault(child, "mapping key that is no scalar", "keys are plain words here")
            if key.value == "<<":
                raise self._fault(child, "YAML merge key `<<`", "conda environment files need none")
            value = self._node(next(events), events, depth + 1)
            self._note_duplicate(key, seen)
            entries.append((key, value))
        return YamlMapping(entries=tuple(entries), location=self._at(event.start_mark))

    def _note_duplicate(self, key: YamlScalar, seen: dict[str, YamlScalar]) -> None:
        first = seen.setdefault(key.value, key)
        if first is not key:
            self.duplicates.append(
                InputError(
                    f"key `{key.value}` stands twice",
                    where=str(key.location),
                    why=f"it stands in line {first.location.line} already, and readers differ on which one wins",
                    how="merge the two",
                )
            )

    def _at(self, mark: _Mark | None) -> Location:
        assert mark is not None  # noqa: S101  (libyaml marks every event)
        return Location(path=self.path, line=mark.line + 1, column=mark.column + 1)

    def _fault(self, event: yaml.Event, what: str, why: str) -> InputError:
        return InputError(what, where=str(self._at(event.start_mark)), why=why, how="write it out plainly")

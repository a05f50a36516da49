"""A YAML document as a tree in which every node knows its place, and scalars stay the strings that were written."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlScalar:
    """A scalar as written, never interpreted. `plain` is False inside quotes or blocks; `end` is where it ends."""

    value: str
    location: Location
    end: Location
    plain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlSequence:
    """A sequence in file order."""

    items: tuple[YamlNode, ...]
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlMapping:
    """A mapping in file order; keys are scalars and unique."""

    entries: tuple[tuple[YamlScalar, YamlNode], ...]
    location: Location

    def get(self, key: str) -> YamlNode | None:
        """Return the value of `key`, None when absent."""
        return next((value for name, value in self.entries if name.value == key), None)


YamlNode = YamlScalar | YamlSequence | YamlMapping


def scalars_in(node: YamlNode) -> Iterator[YamlScalar]:
    """Yield every scalar below `node` in file order, keys included."""
    if isinstance(node, YamlScalar):
        yield node
        return
    inside = node.items if isinstance(node, YamlSequence) else [part for entry in node.entries for part in entry]
    for child in inside:
        yield from scalars_in(child)

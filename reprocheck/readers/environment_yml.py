"""Read an environment.yml into the model, every entry with its line and column.

Source: docs.conda.io "Creating an environment file manually"; for `platforms:`, `category:`, `pip-repositories:` and
`allow-pypi-requests:` conda-lock 4.0.3, conda_lock/src_parser/environment_yaml.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.environments import MAIN, Channel, CondaSpec, EnvironmentFile, PipRequirement, Platform
from reprocheck.model.findings import Location
from reprocheck.model.platform_selectors import selector_of
from reprocheck.model.redaction import public_line, public_url
from reprocheck.readers.comments import read_comments
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.match_spec import split_match_spec
from reprocheck.readers.pip_line import read_pip_line
from reprocheck.readers.plain_blocks import Irregular
from reprocheck.readers.plain_nodes import plain_nodes
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar, YamlSequence

_FALSE = ("false", "no", "off")  # as YAML 1.1 writes it, which is what conda-lock reads


def read_environment(path: Path, shown_as: str | None = None) -> EnvironmentFile:
    """Read the file at `path`; `shown_as` is its name in locations.

    Raises:
        InputError: missing, unreadable, no YAML, or no environment file.
        GatheredErrors: several such faults.
    """
    data = read_given(path, "the environment file", "name an existing file, or write an environment.yml")
    return parse_environment(data, shown_as or path.as_posix())


def parse_environment(data: bytes, path: str) -> EnvironmentFile:
    """Return the model of the bytes of an environment.yml; raises as `read_environment`."""
    text = decode_text(data, path)
    root = _nodes(text, path)
    if not isinstance(root, YamlMapping):
        found = "is empty" if root is None or _is_empty(root) else "holds no mapping"
        raise InputError(
            f"environment file {found}",
            where=f"{path}:1:1",
            why="it should hold the keys `channels` and `dependencies`",
            how="name the right file, or fill this one",
        )
    return _Environment(root, tuple(text.split("\n")), path).build()


def _nodes(text: str, path: str) -> YamlNode | None:
    try:
        return plain_nodes(text, path)
    except Irregular:
        # Imported where it is needed: PyYAML takes 15 ms to load, and most environment files are plain.
        from reprocheck.readers.yaml_events import parse_yaml

        return parse_yaml(text, path)


def _is_empty(node: YamlNode) -> bool:
    return isinstance(node, YamlScalar) and node.plain and node.value in ("", "~", "null")


class _Environment:
    """Lifts the node tree into the model, gathering independent faults."""

    def __init__(self, root: YamlMapping, lines: tuple[str, ...], path: str) -> None:
        self.root = root
        self.lines = lines
        self.path = path
        self.errors: list[ReprocheckError] = []
        self.comments = read_comments(lines, root, path)
        self.category = self._scalar("category") or MAIN

    def build(self) -> EnvironmentFile:
        entries = self._dependencies()
        conda = tuple(spec for entry in entries if isinstance(entry, YamlScalar) for spec in self._conda(entry))
        pip = tuple(self._pip_sections(entries))
        environment = EnvironmentFile(
            path=self.path,
            name=self._scalar("name"),
            channels=self._addresses("channels"),
            platforms=tuple(Platform(name=item.value, location=item.location) for item in self._scalars("platforms")),
            conda=conda,
            pip=tuple(requirement for _, items in pip for requirement in items),
            pip_location=pip[0][0] if pip else None,
            prefix=self._place_of("prefix"),
            comments=self.comments,
            lines=self.lines,
            category=self.category,
            pip_repositories=self._addresses("pip-repositories"),
            allow_pypi_requests=(self._scalar("allow-pypi-requests") or "").lower() not in _FALSE,
            variables=self._variables(),
            sources=(self.path,),
        )
        raise_gathered(self.errors)
        return environment

    def _dependencies(self) -> tuple[YamlNode, ...]:
        node = self.root.get("dependencies")
        if node is None:
            known = ", ".join(f"`{key.value}`" for key, _ in self.root.entries[:10])
            self._object(
                self.root.location,
                "environment file has no `dependencies`",
                f"its keys are {known}",
                "add `dependencies`, or name the right file",
            )
            return ()
        if isinstance(node, YamlSequence):
            return node.items
        if not _is_empty(node):
            self._object(
                node.location, "`dependencies` is no list", "each dependency begins with `- `", "indent it as a list"
            )
        return ()

    def _conda(self, entry: YamlScalar) -> Iterator[CondaSpec]:
        parts = split_match_spec(entry.value)
        if parts is None:
            shown = f"dependency `{public_line(entry.value)}` has no name" if entry.value else "empty dependency"
            self._object(
                entry.location,
                shown,
                "a conda dependency reads `name`, `name=version` or `name>=version`",
                "correct or remove it",
            )
            return
        yield CondaSpec(
            text=entry.value,
            name=parts.name,
            version=parts.version,
            build=parts.build,
            channel=parts.channel and public_url(parts.channel),
            location=entry.location,
            selector=self._selector(entry.location.line),
            category=self.category,
        )

    def _selector(self, line: int) -> str | None:
        found = selector_of(self.lines[line - 1])
        return found.text if found else None

    def _pip_sections(self, entries: tuple[YamlNode, ...]) -> Iterator[tuple[Location, list[PipRequirement]]]:
        for entry in entries:
            if isinstance(entry, YamlScalar):
                continue
            if not isinstance(entry, YamlMapping):
                self._object(
                    entry.location,
                    "a list inside `dependencies`",
                    "entries are specs or a `pip:` section",
                    "move the entries one level up",
                )
                continue
            yield from self._pip_section(entry)

    def _pip_section(self, entry: YamlMapping) -> Iterator[tuple[Location, list[PipRequirement]]]:
        for key, value in entry.entries:
            if key.value != "pip":
                self._object(
                    key.location,
                    f"unknown installer `{key.value}`",
                    "conda knows `pip` here",
                    "write a spec as `name=version`, without a colon",
                )
            elif isinstance(value, YamlSequence):
                around = self._selector(key.location.line)  # of the whole section
                yield key.location, [self._pip(item, around) for item in self._pip_lines(value)]
            elif not _is_empty(value):
                self._object(
                    value.location, "`pip:` is no list", "each requirement begins with `- `", "indent it as a list"
                )
            else:
                yield key.location, []

    def _pip_lines(self, section: YamlSequence) -> Iterator[YamlScalar]:
        for item in section.items:
            if isinstance(item, YamlScalar):
                yield item
            else:
                self._object(
                    item.location,
                    "an entry of `pip:` is no line of text",
                    "to YAML a colon at its end, or with a space behind it, makes it a mapping",
                    "put the entry in quotation marks",
                )

    def _pip(self, item: YamlScalar, around: str | None) -> PipRequirement:
        selector = self._selector(item.location.line) or around
        return read_pip_line(item.value, item.location, category=self.category, selector=selector)

    def _addresses(self, key: str) -> tuple[Channel, ...]:
        return tuple(
            Channel(name=_public(item), address=item.value, location=item.location) for item in self._scalars(key)
        )

    def _variables(self) -> tuple[str, ...]:
        node = self.root.get("variables")
        return tuple(name.value for name, _ in node.entries) if isinstance(node, YamlMapping) else ()

    def _scalars(self, key: str) -> tuple[YamlScalar, ...]:
        node = self.root.get(key)
        if node is None or _is_empty(node):
            return ()
        if isinstance(node, YamlScalar):
            return (node,)
        if isinstance(node, YamlMapping):
            self._object(node.location, f"`{key}` is no list", "each entry begins with `- `", "write it as a list")
            return ()
        return tuple(item for item in node.items if isinstance(item, YamlScalar) and item.value)

    def _scalar(self, key: str) -> str | None:
        node = self.root.get(key)
        return node.value if isinstance(node, YamlScalar) and node.value and not _is_empty(node) else None

    def _place_of(self, key: str) -> Location | None:
        return next((name.location for name, _ in self.root.entries if name.value == key), None)

    def _object(self, location: Location, what: str, why: str, how: str) -> None:
        self.errors.append(InputError(what, where=str(location), why=why, how=how))


def _public(item: YamlScalar) -> str:
    """Return the scalar's text with credentials taken out, word by word (`--index-url https://…`)."""
    return " ".join(public_url(word) for word in item.value.split(" "))

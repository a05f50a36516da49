"""Read the dependencies of a pyproject.toml and its `[tool.conda-lock]` as conda-lock does.

One of these holds them, tried in this order: `[project]` (with PDM's development dependencies), `[tool.flit.metadata]`,
`[tool.poetry]`. What `[tool.conda-lock.dependencies]` adds comes last. Beyond conda-lock 4.0.3 `requires-python` counts
as a spec of `python`, and a table `{version = …, channel = …}` as the spec that it is; conda-lock ignores both.
`[dependency-groups]` and pixi's tables are not read, as there.

Source: conda-lock 4.0.3, conda_lock/src_parser/pyproject_toml.py; conda.github.io/conda-lock "pyproject.toml"; PEP 621.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.environments import MAIN, Channel, CondaSpec, EnvironmentFile, PipRequirement, Platform
from reprocheck.model.findings import Location
from reprocheck.model.locks import Manager
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.pyproject_dependencies import (
    CondaNames,
    Declared,
    conda_spec,
    conda_specs,
    declared_by_line,
    declared_by_table,
    names_of,
    pip_requirement,
)
from reprocheck.readers.toml_places import TomlPlaces

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_DEV_EXTRAS = ("dev", "test")
_TOOL = ("tool", "conda-lock")

Table = Mapping[str, object]


def read_pyproject(path: Path, names: CondaNames, shown_as: str | None = None) -> EnvironmentFile:
    """Read the file at `path`; `shown_as` is its name in locations.

    Raises:
        InputError: missing, unreadable, no TOML, or entries that nobody can lock.
        GatheredErrors: several such faults.
    """
    data = read_given(path, "the project file", "name an existing file with `-f`")
    return parse_pyproject(data, shown_as or path.as_posix(), names)


def parse_pyproject(data: bytes, path: str, names: CondaNames) -> EnvironmentFile:
    """Return the model of the bytes of a pyproject.toml; raises as `read_pyproject`."""
    text = decode_text(data, path)
    return _Project(_load(text, path), TomlPlaces(text, path), names).build()


def _load(text: str, path: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        line, column = (found["line"], found["column"]) if found and found["line"] else (text.count("\n") + 1, 1)
        raise InputError(
            f"not valid TOML: {_PLACE.sub('', str(error)).lower()}",
            where=f"{path}:{line}:{column}",
            why="the file should be valid TOML 1.0",
            how="correct this line",
        ) from error


class _Project:
    """Lifts the tables into the model, gathering independent faults."""

    def __init__(self, contents: Table, places: TomlPlaces, names: CondaNames) -> None:
        self.contents = contents
        self.places = places
        self.names = names
        self.errors: list[ReprocheckError] = []
        self.conda: list[CondaSpec] = []
        self.pip: list[PipRequirement] = []

    def build(self) -> EnvironmentFile:
        self._add_all()
        environment = EnvironmentFile(
            path=self.places.path,
            name=None,
            channels=self._addresses("channels"),
            platforms=tuple(Platform(name=text, location=place) for text, place in self._strings(*_TOOL, "platforms")),
            conda=tuple(self.conda),
            pip=tuple(self.pip),
            pip_location=self.pip[0].location if self.pip else None,
            prefix=None,
            comments=(),
            lines=tuple(self.places.lines),
            pip_repositories=self._addresses("pip-repositories"),
            allow_pypi_requests=self._table(*_TOOL).get("allow-pypi-requests") is not False,
            sources=(self.places.path,),
        )
        raise_gathered(self.errors)
        return environment

    def _add_all(self) -> None:
        forced = frozenset(self._forced_to_pip())
        manager = self._default_manager()
        if self._table(*_TOOL).get("skip-non-conda-lock") is not True:
            for declared in self._declared(manager):
                self._add(declared, forced)
        for name, value in self._table(*_TOOL, "dependencies").items():
            self._add_own(name, value)
        self._check_that_there_is_something()

    def _check_that_there_is_something(self) -> None:
        """Object to a file that is about other things: a lock of nothing helps nobody."""
        project, tool = self._table("project"), self._table("tool")
        listed = any(key in project for key in ("dependencies", "optional-dependencies"))
        if not self.errors and not listed and not any(name in tool for name in ("conda-lock", "flit", "poetry")):
            self._object(
                Location(path=self.places.path, line=1, column=1),
                "the project file declares no dependencies",
                "they stand in `[project]`, `[tool.poetry]` or `[tool.conda-lock.dependencies]`",
            )

    def _add(self, declared: Declared, forced: frozenset[str]) -> None:
        try:
            if declared.manager == "pip" or names_of(declared, self.names) & forced:
                self.pip.append(pip_requirement(declared))
            else:
                self.conda.extend(conda_specs(declared, self.names))
        except InputError as error:
            self.errors.append(error)

    def _forced_to_pip(self) -> Iterator[str]:
        for name, value in self._table(*_TOOL, "dependencies").items():
            if isinstance(value, dict) and value.get("source") == "pypi":
                yield normalise_name(name)

    def _add_own(self, name: str, value: object) -> None:
        """Add an entry of `[tool.conda-lock.dependencies]`, which names conda packages."""
        place = self.places.of_key(*_TOOL, "dependencies", name)
        table = {"version": value} if isinstance(value, str) else value
        if not isinstance(table, dict):
            self._object(place, f"dependency `{name}` is neither a string nor a table", 'it reads `name = ">=1.2"`')
            return
        version, channel = table.get("version"), table.get("channel")
        try:
            if table.get("source") != "pypi":
                text = f"{channel}::{name}" if isinstance(channel, str) else name
                self.conda.append(conda_spec(f"{text} {version}" if isinstance(version, str) else text, place))
            elif isinstance(version, str):
                declared = Declared(name=name, constraint=version, location=place, manager="pip")
                self.pip.append(pip_requirement(declared))
        except InputError as error:
            self.errors.append(error)

    def _default_manager(self) -> Manager:
        source = self._table(*_TOOL).get("default-non-conda-source", "conda")
        if source not in ("conda", "pip"):
            place = self.places.of_key(*_TOOL, "default-non-conda-source")
            self._object(place, f"`default-non-conda-source` is `{source}`", "it is `conda` or `pip`")
        return "pip" if source == "pip" else "conda"

    def _declared(self, manager: Manager) -> Iterator[Declared]:
        project = self._table("project")
        dynamic = project.get("dynamic")
        is_static = not (isinstance(dynamic, list) and "dependencies" in dynamic)
        backend = str(self._table("build-system").get("build-backend", ""))
        if is_static and ("dependencies" in project or "optional-dependencies" in project):
            yield from self._python(("project", "requires-python"))
            yield from self._lines(("project",), ("dependencies", "optional-dependencies"), manager)
            for group in self._table("tool", "pdm", "dev-dependencies"):
                yield from self._list(("tool", "pdm", "dev-dependencies", group), "dev", manager)
        elif backend.startswith("flit"):
            yield from self._python(("tool", "flit", "metadata", "requires-python"))
            yield from self._lines(("tool", "flit", "metadata"), ("requires", "requires-extra"), manager)
        else:
            yield from self._poetry(manager)

    def _python(self, keys: tuple[str, ...]) -> Iterator[Declared]:
        wanted = self._table(*keys[:-1]).get(keys[-1])
        if isinstance(wanted, str):
            yield Declared(name="python", constraint=wanted, location=self.places.of_key(*keys))

    def _lines(self, table: tuple[str, ...], keys: tuple[str, str], manager: Manager) -> Iterator[Declared]:
        yield from self._list((*table, keys[0]), MAIN, manager)
        for extra in self._table(*table, keys[1]):
            category = "dev" if extra in _DEV_EXTRAS else extra
            yield from self._list((*table, keys[1], extra), category, manager)

    def _list(self, keys: tuple[str, ...], category: str, manager: Manager) -> Iterator[Declared]:
        for text, place in self._strings(*keys):
            try:
                yield declared_by_line(text, place, category=category, manager=manager)
            except InputError as error:
                self.errors.append(error)

    def _poetry(self, manager: Manager) -> Iterator[Declared]:
        extras = self._table("tool", "poetry", "extras")
        category_of = {text: extra for extra in extras for text, _ in self._strings("tool", "poetry", "extras", extra)}
        sections: dict[tuple[str, ...], str] = {("dependencies",): MAIN, ("dev-dependencies",): "dev"}
        sections |= {("group", group, "dependencies"): group for group in self._table("tool", "poetry", "group")}
        for section, category in sections.items():
            keys = ("tool", "poetry", *section)
            for name, value in self._table(*keys).items():
                place = self.places.of_key(*keys, name)
                kept = "conda" if name == "python" else manager
                yield from self._poetry_entry(name, value, place, category_of.get(name, category), kept)

    def _poetry_entry(
        self, name: str, value: object, place: Location, category: str, manager: Manager
    ) -> Iterator[Declared]:
        table = {"version": value} if isinstance(value, str) else value
        if not isinstance(table, dict):
            self._object(place, f"dependency `{name}` is neither a string nor a table", "conda-lock reads these two")
            return
        try:
            yield declared_by_table(name, table, place, category=category, manager=manager)
        except InputError as error:
            self.errors.append(error)

    def _addresses(self, key: str) -> tuple[Channel, ...]:
        found = self._strings(*_TOOL, key)
        return tuple(Channel(name=public_url(text), address=text, location=place) for text, place in found)

    def _table(self, *keys: str) -> Table:
        """Return the table under `keys`, empty when absent; what stands there instead is an error."""
        found: object = self.contents
        for depth, key in enumerate(keys, start=1):
            found = found.get(key, {}) if isinstance(found, dict) else {}
            if not isinstance(found, dict):
                place = self.places.of_key(*keys[:depth])
                self._object(place, f"`{'.'.join(keys[:depth])}` is no table", "it holds keys and values")
                return {}
        return found if isinstance(found, dict) else {}

    def _strings(self, *keys: str) -> list[tuple[str, Location]]:
        """Return the list of strings under `keys` with their places, empty when absent."""
        found = self._table(*keys[:-1]).get(keys[-1], [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self._object(
                self.places.of_key(*keys), f"`{'.'.join(keys)}` is no list of strings", 'it reads `["…", "…"]`'
            )
            return []
        return [(item, self.places.of_item(item, *keys)) for item in found]

    def _object(self, place: Location, what: str, why: str) -> None:
        if all(error.where != str(place) or error.what != what for error in self.errors):
            self.errors.append(InputError(what, where=str(place), why=why, how="correct it"))

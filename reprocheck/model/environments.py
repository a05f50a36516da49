"""An environment.yml as it was written: every entry with its place, scalars as strings."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Location

MAIN = "main"  # the category of what every installation gets
CHANNEL_ALIAS = "https://conda.anaconda.org"  # what conda puts before the plain name of a channel


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaSpec:
    """One conda dependency.

    `name` is lower case as conda compares it; `version` and `build` are the raw constraints (`>=3.11,<3.12`,
    `py311*`), None when absent. A spec with a space before its second constraint keeps that constraint in
    `build`, as conda reads it. `selector` is a `# [text]` comment, which conda-lock takes for a platform selector.
    `category` is that of the file or group that declares it (`main`, `dev`, …).
    """

    text: str
    name: str
    version: str | None
    build: str | None
    channel: str | None
    location: Location
    selector: str | None = None
    category: str = MAIN


PipKind = Literal["requirement", "option", "url", "path", "editable", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipRequirement:
    """One line of the `pip:` section, or of a requirements file that it names.

    `name` is normalised after PEP 503; None where a line names no project. `extras` are normalised and sorted.
    `address` is the line as written, which may hold credentials and is for fetching only; `text` is safe to show.
    """

    text: str
    kind: PipKind
    name: str | None
    specifier: str
    marker: str | None
    location: Location
    extras: tuple[str, ...] = ()
    category: str = MAIN
    selector: str | None = None
    address: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel. `name` is safe to show; `address` is as written, may hold credentials, and is for fetching only."""

    name: str
    address: str = field(repr=False)
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One entry of the `platforms:` key."""

    name: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment from its `#` on. `alone` when nothing but spaces stands before it."""

    text: str
    location: Location
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFile:
    """A whole environment.yml, or several merged in order, or the conda-lock tables of a pyproject.toml.

    `lines` is the text for excerpts; `name`, `prefix` as written. `sources` are the files that the entries come from,
    `path` the first of them. `pip_constraints` are the lines of `-c` files; `pip_repositories` is conda-lock's key of
    extra package indexes, and the only ones unless `allow_pypi_requests`; `variables` are the names of environment
    variables to set, never their values.
    """

    path: str
    name: str | None
    channels: tuple[Channel, ...]
    platforms: tuple[Platform, ...]
    conda: tuple[CondaSpec, ...]
    pip: tuple[PipRequirement, ...]
    pip_location: Location | None
    prefix: Location | None
    comments: tuple[Comment, ...]
    lines: tuple[str, ...] = field(repr=False)
    category: str = MAIN
    pip_constraints: tuple[PipRequirement, ...] = ()
    pip_repositories: tuple[Channel, ...] = ()
    allow_pypi_requests: bool = True
    variables: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def conda_named(self, name: str) -> tuple[CondaSpec, ...]:
        """Return every conda spec of this name, in file order."""
        return tuple(spec for spec in self.conda if spec.name == name)

    @property
    def start(self) -> Location:
        """The first character, for findings about the file as a whole."""
        return Location(path=self.path, line=1, column=1)

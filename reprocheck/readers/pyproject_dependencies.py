"""Dependencies of a pyproject.toml, from any of its tables, as conda specs or pip requirements.

conda-lock takes them from conda, under the name that conda has for them, unless something says otherwise.
Source: conda-lock 4.0.3, conda_lock/src_parser/pyproject_toml.py; PEP 508; python-poetry.org "Dependency
specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from reprocheck.errors import InputError
from reprocheck.model.environments import MAIN, CondaSpec, PipRequirement
from reprocheck.model.findings import Location
from reprocheck.model.locks import Manager
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_line, public_url
from reprocheck.readers.match_spec import split_match_spec
from reprocheck.readers.pip_line import cut_marker, read_pip_line, split_pip_line
from reprocheck.readers.pip_markers import selectors_of_marker
from reprocheck.readers.poetry_versions import conda_constraint, pip_specifier

_NAME = re.compile(r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._\-]*)")


class CondaNames(Protocol):
    """What the reader asks of a name map."""

    def conda_name(self, project: str) -> str:
        """Return the conda package that people install for a PyPI project, named as it was written."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One dependency before anybody decided who provides it.

    `constraint` is Poetry's or PEP 440's; `address` a direct URL or path (always for pip). `name` is as written.
    """

    name: str
    constraint: str
    location: Location
    category: str = MAIN
    marker: str | None = None
    extras: tuple[str, ...] = ()
    address: str | None = None
    manager: Manager = "conda"


def declared_by_line(line: str, location: Location, *, category: str, manager: Manager) -> Declared:
    """Return the dependency in one PEP 508 line.

    Raises:
        InputError: a line that PEP 508 does not know.
    """
    parts = split_pip_line(line)
    named = _NAME.match(line)
    if parts.kind not in ("requirement", "url", "path") or not named or parts.name is None:
        raise InputError(
            f"dependency `{public_line(line)}` cannot be read",
            where=str(location),
            why="a dependency reads like `name>=1.2; sys_platform == 'linux'` (PEP 508)",
            how="correct it",
        )
    direct = parts.kind != "requirement"
    return Declared(
        name=named["name"],
        constraint="" if direct else ",".join(sorted("".join(parts.specifier.split()).split(","))),
        location=location,
        category=category,
        marker=parts.marker,
        extras=parts.extras,
        address=cut_marker(line.partition("@")[2].strip())[0] if direct else None,
        manager="pip" if direct else manager,
    )


def declared_by_table(
    name: str, table: Mapping[str, object], location: Location, *, category: str, manager: Manager
) -> Declared:
    """Return the dependency in one of Poetry's tables, such as `{version = "^1.2", extras = ["x"]}`.

    Raises:
        InputError: a table with neither a version nor a place.
    """
    address = _address(table)
    version = table.get("version")
    if address is None and not isinstance(version, str):
        raise InputError(
            f"dependency `{name}` has neither a version nor an address",
            where=str(location),
            why="one of `version`, `git`, `path` and `url` says what is meant",
            how='add `version = "*"`, or the one that fits',
        )
    extras = table.get("extras")
    return Declared(
        name=name,
        constraint=version if isinstance(version, str) and address is None else "",
        location=location,
        category=category,
        marker=_marker(table),
        extras=tuple(sorted(str(extra) for extra in extras)) if isinstance(extras, list) else (),
        address=address,
        manager="pip" if address is not None or table.get("source") == "pypi" else manager,
    )


def _address(table: Mapping[str, object]) -> str | None:
    """Return where a Poetry table takes the project from, as pip writes it; None for an index."""
    match table:
        case {"git": str(git)}:
            ref = next((str(table[key]) for key in ("branch", "tag", "rev") if key in table), "")
            below = f"#subdirectory={table['subdirectory']}" if "subdirectory" in table else ""
            return f"git+{git.removeprefix('git+')}{f'@{ref}' if ref else ''}{below}"
        case {"url": str(url)}:
            return url
        case {"path": str(path)} | {"file": str(path)}:
            return path if path.startswith((".", "/", "~")) else f"./{path}"
    return None


def _marker(table: Mapping[str, object]) -> str | None:
    markers, system = table.get("markers"), table.get("platform")
    if isinstance(markers, str):
        return markers
    return f"sys_platform == '{system}'" if isinstance(system, str) else None


def conda_specs(declared: Declared, names: CondaNames) -> Iterator[CondaSpec]:
    """Yield the spec of a dependency that conda provides: one, or one for each platform that its marker admits.

    Raises:
        InputError: a marker or a constraint that cannot be read.
    """
    where = str(declared.location)
    name = names.conda_name(declared.name)
    version = conda_constraint(declared.constraint, where)
    text = f"{name} {version}" if version else name
    for selector in selectors_of_marker(declared.marker, where):
        yield conda_spec(text, declared.location, category=declared.category, selector=selector)


def conda_spec(text: str, location: Location, *, category: str = MAIN, selector: str | None = None) -> CondaSpec:
    """Return the spec of a MatchSpec text.

    Raises:
        InputError: a text without a name.
    """
    parts = split_match_spec(text)
    if parts is None:
        raise InputError(
            f"dependency `{public_line(text)}` has no name",
            where=str(location),
            why="the key is the name of a conda package",
            how="correct or remove it",
        )
    return CondaSpec(
        text=text,
        name=parts.name,
        version=parts.version,
        build=parts.build,
        channel=parts.channel and public_url(parts.channel),
        location=location,
        selector=selector,
        category=category,
    )


def pip_requirement(declared: Declared) -> PipRequirement:
    """Return the requirement of a dependency that pip provides.

    Raises:
        InputError: a constraint that cannot be read.
    """
    extras = f"[{','.join(declared.extras)}]" if declared.extras else ""
    wanted = (
        f" @ {declared.address}" if declared.address else pip_specifier(declared.constraint, str(declared.location))
    )
    marker = f" ; {declared.marker}" if declared.marker else ""
    line = f"{declared.name}{extras}{wanted}{marker}"
    return read_pip_line(line, declared.location, category=declared.category)


def names_of(declared: Declared, names: CondaNames) -> frozenset[str]:
    """Return the names under which `source = "pypi"` may mean this dependency: the project's and conda's."""
    return frozenset({normalise_name(declared.name), normalise_name(names.conda_name(declared.name))})

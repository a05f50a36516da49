"""What an environment.yml declares, asked the way that several rules ask it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar, cast

from reprocheck.facts.name_map import NameMap
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.platform_selectors import KNOWN_SELECTORS, PLATFORMS, platforms_of_line
from reprocheck.model.redaction import public_line
from reprocheck.rules.facts import Facts, Unseen

_SYSTEMS = {"linux": "linux-", "darwin": "osx-", "macos": "osx-", "win32": "win-", "windows": "win-"}
_MARKER = re.compile(r"^\(?\s*(?:sys_platform|platform_system)\s*==\s*['\"](?P<system>\w+)['\"]\s*\)?$")

Declaration = CondaSpec | PipRequirement
_Entry = TypeVar("_Entry", bound=Declaration)


def platforms_of(entry: Declaration, environment: EnvironmentFile) -> frozenset[str]:
    """Return the platforms on which an entry stands, by its selector comment and its pip marker."""
    kept = _platforms_of_line_of(entry, environment)
    marker = entry.marker if isinstance(entry, PipRequirement) else None
    return kept & _platforms_of_marker(marker) if marker else kept


def standing_on(platform: str, entries: Iterable[_Entry], environment: EnvironmentFile) -> list[_Entry]:
    """Return those of some entries of a file that stand on a platform, in their order."""
    return [entry for entry in entries if platform in platforms_of(entry, environment)]


def _platforms_of_line_of(entry: Declaration, environment: EnvironmentFile) -> frozenset[str]:
    """Return what the comment on an entry's line leaves; of a requirements file, on the line that names that file."""
    if entry.location.path != environment.path:
        return KNOWN_SELECTORS.get(entry.selector or "", PLATFORMS)
    number = entry.location.line
    return platforms_of_line(environment.lines[number - 1] if number <= len(environment.lines) else "")


def _platforms_of_marker(marker: str) -> frozenset[str]:
    found = _MARKER.match(marker)
    prefix = _SYSTEMS.get(found["system"].lower()) if found else None
    return frozenset(name for name in PLATFORMS if prefix is None or name.startswith(prefix))


def conda_providers(environment: EnvironmentFile, pip_name: str, names: NameMap) -> tuple[CondaSpec, ...]:
    """Return the declared conda specs that install a PyPI project, in file order."""
    return tuple(spec for spec in environment.conda if pip_name in names.pypi_names(spec.name))


def providers_by_project(facts: Facts, environment: EnvironmentFile) -> dict[str, list[CondaSpec]]:
    """Return the declared conda specs that install each PyPI project, in file order: for who asks of many projects."""
    key = ("providers_by_project", environment.path)
    if key not in facts.memo:
        found: dict[str, list[CondaSpec]] = {}
        for spec in environment.conda:
            for project in facts.names.pypi_names(spec.name):
                found.setdefault(project, []).append(spec)
        facts.memo[key] = found
    return cast("dict[str, list[CondaSpec]]", facts.memo[key])


def declared(facts: Facts, manager: str, name: str) -> Declaration | None:
    """Return the first entry that declares a package for a manager, None without one."""
    environment = facts.environment
    if isinstance(environment, Unseen):
        return None
    entries = environment.conda if manager == "conda" else environment.pip
    return next((entry for entry in entries if entry.name == name), None)


def manager_of(entry: Declaration) -> str:
    """Return whose entry it is: `conda` or `pip`."""
    return "conda" if isinstance(entry, CondaSpec) else "pip"


def package_of(entry: Declaration) -> PackageRef:
    """Return what an entry declares as findings name it; which version comes, it does not tell."""
    return PackageRef(manager=manager_of(entry), name=entry.name or "")


def constraint_of(entry: Declaration) -> str | None:
    """Return the constraint on the version, None or empty where an entry has none."""
    return entry.version if isinstance(entry, CondaSpec) else entry.specifier


def first_place(facts: Facts, wanted: tuple[tuple[str, str], ...]) -> Location | None:
    """Return where the first declared one of some (manager, name) pairs stands."""
    entries = (declared(facts, manager, name) for manager, name in wanted)
    return next((entry.location for entry in entries if entry), None)


def line_of(entry: Declaration) -> str:
    """Return where an entry stands, for people who are to change it: `line 7`, or `line 3 of requirements.txt`."""
    path = entry.location.path
    other = "" if path.endswith((".yml", ".yaml", ".toml")) else f" of {path}"
    return f"line {entry.location.line}{other}"


def written(entry: Declaration) -> str:
    """Return an entry as it was written, in one line, without credentials and what hinders a backtick quotation."""
    return public_line(" ".join(entry.text.split()).replace("`", ""))

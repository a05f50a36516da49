"""Which PyPI projects the conda packages of a solution provide, and in which version.

A conda package counts as a Python package when the table of names has a row for it, or when it depends on Python;
so conda's `zlib` or `tzdata`, which are native, do not hide a PyPI project of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name

_PYTHON = frozenset({"python", "python_abi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedProject:
    """A PyPI project that a conda package provides. `name` is normalised, `version` as PEP 440 writes it."""

    name: str
    version: str
    package: LockedPackage

    def __str__(self) -> str:
        return f"provided by conda {self.package.name} {self.package.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """All that conda provides.

    `projects` are sorted by name. `doubtful` are (project, conda package) pairs that too little speaks for.
    `notes` say what has a version that PEP 440 cannot read.
    """

    projects: tuple[ProvidedProject, ...]
    doubtful: tuple[tuple[str, LockedPackage], ...]
    notes: tuple[str, ...]


def provided_projects(conda: Sequence[LockedPackage], names: NameMap | None = None) -> Provision:
    """Return what the conda packages of one platform provide; where two provide one project, one of them stands."""
    known = names or load_name_map()
    found: dict[str, ProvidedProject] = {}
    doubtful: list[tuple[str, LockedPackage]] = []
    notes: list[str] = []
    for package in sorted(conda, key=lambda package: (package.name, package.version)):
        for name in _projects(package, known):
            version = _pep440(package.version)
            if not known.is_firm(package.name, name):
                doubtful.append((name, package))
            elif version is None:
                notes.append(_unreadable(name, package))
            elif name not in found or normalise_name(package.name) == name:
                found[name] = ProvidedProject(name=name, version=version, package=package)
    unsure = tuple(pair for pair in doubtful if pair[0] not in found)
    return Provision(projects=tuple(found[name] for name in sorted(found)), doubtful=unsure, notes=tuple(notes))


def _projects(package: LockedPackage, names: NameMap) -> Iterator[str]:
    """Yield the normalised names of the projects that a conda package may provide."""
    own = normalise_name(package.name)
    if own in names.to_pypi:
        yield from names.to_pypi[own]
    elif own != "python" and any(name in _PYTHON for name, _ in package.dependencies):
        yield own


def _pep440(text: str) -> str | None:
    """Return a conda version as PEP 440 writes it; an underscore stands for a dot, as conda compares it."""
    for spelling in (text, text.replace("_", ".")):
        try:
            return str(Version(spelling))
        except InvalidVersion:
            continue
    return None


def _unreadable(project: str, package: LockedPackage) -> str:
    return (
        f"conda {package.name} {package.version} has no version that pip can read: "
        f"`{project}` is not known to be provided, and pip may bring a second one"
    )

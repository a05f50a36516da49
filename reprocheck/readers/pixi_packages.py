"""One entry of a pixi.lock's `packages`, in any of its four layouts, as plain fields.

Versions 4 and 5 say `kind: conda` and `url` or `path`; versions 6 and 7 begin with `conda:`, `pypi:` or
`conda_source:` and the place itself.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from reprocheck.model.data_classes import dataclass
from reprocheck.model.locks import Manager
from reprocheck.readers.plain_blocks import Block

_KINDS = ("conda", "pypi", "conda_source")
_CONDA_FILE = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(?:conda|tar\.bz2)$")
_SOURCE = re.compile(r"^(?P<name>[^\s\[]+)\[[0-9a-f]*\] @ (?P<place>.+)$")
_WHEEL = re.compile(r"^(?P<name>[^-]+)-(?P<version>[^-]+)-.+\.whl$")
_SDIST = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)\.(?:tar\.gz|zip)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixiPackage:
    """A package as its entry tells it. `version` is empty where a source is built when it is installed.

    `url` is a path where the package comes from a folder beside the lock. `depends` are (name, constraint) pairs of
    a conda package, `requires_dist` the PEP 508 lines of a project.
    """

    manager: Manager
    name: str
    version: str
    build: str | None
    url: str
    md5: str | None
    sha256: str | None
    depends: tuple[tuple[str, str], ...]
    requires_dist: tuple[str, ...]
    line: int


def location_of(entry: Block) -> tuple[str, str] | None:
    """Return kind and place of an entry or of a reference to one, None where it names none."""
    kind = entry.text("kind")
    if kind in ("conda", "pypi"):
        place = entry.text("url") or entry.text("path")
        return None if place is None else (kind, place)
    return next(((known, place) for known in _KINDS if (place := entry.text(known))), None)


def read_pixi_package(entry: Block) -> PixiPackage | str:
    """Return the package of an entry that has a place, or what is wrong with it."""
    kind, place = location_of(entry) or ("", "")
    source = _SOURCE.match(place)
    url = source["place"] if source else place
    told = told_by_file_name(kind, url) or ({"name": source["name"]} if source else {})
    name = entry.text("name") or told.get("name")
    if name is None:
        return f"`name` is missing, and `{kind}` does not tell it"
    return PixiPackage(
        manager="pip" if kind == "pypi" else "conda",
        name=name,
        version=entry.text("version") or told.get("version", ""),
        build=entry.text("build") or told.get("build"),
        url=url.removeprefix("direct+"),
        md5=_lower(entry.text("md5")),
        sha256=_lower(entry.text("sha256")),
        depends=tuple(_constraint(line) for line in _lines(entry, "depends")),
        requires_dist=_lines(entry, "requires_dist"),
        line=entry.line,
    )


def told_by_file_name(kind: str, url: str) -> dict[str, str]:
    """Return what the file name of a URL says."""
    file = unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])
    patterns = (_WHEEL, _SDIST) if kind == "pypi" else (_CONDA_FILE,)
    return next((found.groupdict() for pattern in patterns if (found := pattern.match(file))), {})


def _constraint(line: str) -> tuple[str, str]:
    """Return name and constraint of a conda dependency, which a space parts."""
    name, _, constraint = line.strip().partition(" ")
    return name, constraint.strip()


def _lines(entry: Block, key: str) -> tuple[str, ...]:
    return tuple(item for item in entry.items(key) if isinstance(item, str))


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()

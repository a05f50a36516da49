"""Read METADATA and PKG-INFO: the name, the version and the requirements of a Python project.

Sources: PyPA "Core metadata specifications"; setuptools, "requires.txt" of `.egg-info` folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprocheck.model.project_names import normalise_name
from reprocheck.readers.requires_dist import MarkerTarget, requirements_on

_WORD = re.compile(r"[A-Za-z0-9][!-~]*")
_SECTION = re.compile(r"\[[^:\]]*:?(?P<marker>.*)\]")


class Metadata(NamedTuple):
    """What the head of a METADATA file says; `requires` are PEP 508 lines."""

    name: str
    version: str
    requires: tuple[str, ...]


def parse_metadata(data: bytes) -> Metadata | None:
    """Return what the bytes of METADATA or PKG-INFO say, None where they name no project or no version.

    The description is not looked at, and what is not UTF-8 may stand in it or in the author's name.
    """
    name, version, requires = "", "", []
    for key, value in _headers(data):
        if key == "name":
            name = name or value
        elif key == "version":
            version = version or value
        elif key == "requires-dist":
            requires.append(value)
    if not (_WORD.fullmatch(name) and _WORD.fullmatch(version)):
        return None
    return Metadata(normalise_name(name), version, tuple(requires))


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields up to the first empty line; a line that begins with a space goes on with its field."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            break
        if line[0] in " \t" and lines:
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    for line in lines:
        key, _, value = line.partition(":")
        yield key.strip().lower(), value.strip()


def parse_requires_txt(data: bytes) -> tuple[str, ...]:
    """Return the lines of an egg's `requires.txt` as METADATA would say them, without those of extras."""
    found, marker, extra = [], "", False
    for line in map(str.strip, data.decode("utf-8", "replace").splitlines()):
        section = _SECTION.fullmatch(line)
        if section:
            marker, extra = section["marker"], not line.startswith("[:")
        elif line and not extra:
            found.append(f"{line} ; {marker}" if marker else line)
    return tuple(found)


def held(requires: Iterable[str], target: MarkerTarget) -> tuple[tuple[str, str], ...]:
    """Return (normalised name, constraint) of the requirements that hold on `target` when no extra is asked for."""
    return tuple(
        (normalise_name(name), constraint) for name, constraint in requirements_on(requires, frozenset(), target)
    )

"""Which requirements of a project hold on one platform, with the extras that were asked for.

What nobody knows of the target (its kernel, or its Python where none is locked) counts as met: a requirement too
many shows, one too few hides. Source: PEP 508, "Environment Markers".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_WITH_EXTRA = re.compile(r";.*\bextra\s*==")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*")
_OPERATOR = r"\s*(?:===|==|~=|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b)\s*"
_STRING = r"(?:\"[^\"]*\"|'[^']*')"
_KERNEL = r"\b(?:platform_release|platform_version|implementation_version)\b"
_PYTHON = r"\b(?:python_version|python_full_version)\b"
_MET = "os_name != ''"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerTarget:
    """The platform, and the version of Python that is locked on it (None: none is, or nobody knows)."""

    platform: str
    python: str | None


def requirements_on(lines: Iterable[str], extras: frozenset[str], target: MarkerTarget) -> tuple[tuple[str, str], ...]:
    """Return (name, constraint) of every requirement that holds on `target`."""
    return tuple(found for line in lines for found in _held(line, extras, target))


def _held(line: str, extras: frozenset[str], target: MarkerTarget) -> Iterator[tuple[str, str]]:
    if not extras and _WITH_EXTRA.search(line) and " or " not in line:
        return  # four lines in five, and reading them all would cost a second on a large lock
    parsed = _parse(line)
    if parsed is None:
        named = _NAME.match(line.strip())
        if named:
            yield named.group(), ""
        return
    name, constraint, marker = parsed
    if marker is None or any(_holds(marker, extra, target) for extra in sorted(extras) or [""]):
        yield name, constraint


@functools.lru_cache(maxsize=8192)
def _parse(line: str) -> tuple[str, str, str | None] | None:
    # Imported on use: only a pixi.lock with a PyPI part needs it, and `check` must start without.
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return None
    return requirement.name, str(requirement.specifier), str(requirement.marker) if requirement.marker else None


@functools.lru_cache(maxsize=16384)
def _holds(marker: str, extra: str, target: MarkerTarget) -> bool:
    # Imported on use, as above.
    from packaging.markers import Marker

    from reprocheck.readers.pip_markers import PLATFORM_MARKERS  # brings packaging as well

    known = PLATFORM_MARKERS.get(target.platform)
    if known is None:
        return True
    told = {"implementation_name": "cpython", "platform_python_implementation": "CPython", "extra": extra}
    if target.python:
        told["python_full_version"] = target.python
        told["python_version"] = ".".join(target.python.split(".")[:2])
    untold = _unknown(_KERNEL) if target.python else _unknown(f"(?:{_KERNEL}|{_PYTHON})")
    try:
        return Marker(untold.sub(_MET, marker)).evaluate({**known, **told})
    except ValueError:  # nothing to compare, or a number of more digits than Python reads
        return True


@functools.cache
def _unknown(variable: str) -> re.Pattern[str]:
    """Return what finds the clauses about `variable`; packaging would answer them for the machine that it runs on."""
    return re.compile(f"{variable}{_OPERATOR}{_STRING}|{_STRING}{_OPERATOR}{variable}")

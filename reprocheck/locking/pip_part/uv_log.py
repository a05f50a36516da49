"""What uv tells of its search under `-v`: which package asks which project for which versions.

A line reads `DEBUG Adding transitive dependency for pandas==2.2.0: numpy{python_full_version == '3.11.*'}>=1.23.2, <2`.
A range is written after the resolver's own mind: `*` is everything, `A | B` is a union, and a bare `+` behind a version
stands for all of its local versions, so that `>=1.0, <1.0+` is what PEP 440 writes `==1.0`.
Source: uv 0.13.9, tried 2026-11-21. The lines are no interface: what cannot be read is left out, and nothing but the
wording of constraints and the way back into the conda solve rests on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, Specifier
from packaging.version import InvalidVersion, Version

from reprocheck.model.project_names import normalise_name

_LINE = re.compile(
    r"^DEBUG Adding (?:direct dependency: |transitive dependency for "
    r"(?P<who>[\w.\-]+)(?:\[[^\]]*\])?(?:\{[^}]*\})?==(?P<version>\S+?)(?: @ \S+)?: )"
    r"(?P<project>[\w.\-]+)(?:\[(?P<extras>[^\]]*)\])?(?:\{[^}]*\})?(?P<range>\*|[<>=!].*)$",
    re.MULTILINE,
)
_BOUND = re.compile(r"^(?P<operator>[<>]=?|==|!=)(?P<version>[^+\s]+(?:\+[\w.]+)?)(?P<locals>\+?)$")
_ABOVE = {("<", True): "<=", (">=", True): ">"}
ANYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What `wanted_by` in `version` asks of a project; None where the requirements themselves ask."""

    wanted_by: str | None
    version: str
    project: str
    extras: tuple[str, ...]
    range: str


def read_demands(log: str) -> tuple[Demand, ...]:
    """Return all that was asked, in the order of the search, each once."""
    return tuple(dict.fromkeys(_demands(log)))


def _demands(log: str) -> Iterator[Demand]:
    for found in _LINE.finditer(log):
        who = normalise_name(found["who"]) if found["who"] else None
        project = normalise_name(found["project"])
        if who != project:  # a package asks itself for its extras
            extras = tuple(filter(None, (found["extras"] or "").split(",")))
            yield Demand(
                wanted_by=who, version=found["version"] or "", project=project, extras=extras, range=found["range"]
            )


def constraint_of(text: str) -> str:
    """Return a range as PEP 440 writes it, `*` where it cannot."""
    try:
        pieces = [_bounds(piece) for piece in text.split(" | ")] if text != ANYTHING else []
    except ValueError:
        return ANYTHING
    joined = pieces[:1]
    for piece in pieces[1:]:
        hole = (*joined[-1][-1:], *piece[:1])
        if list(hole) != [("<", hole[0][1]), (">", hole[0][1])]:
            return ANYTHING
        joined[-1] = [*joined[-1][:-1], ("!=", hole[0][1]), *piece[1:]]
    return ",".join(operator + version for piece in joined for operator, version in piece) or ANYTHING


def admits(text: str, version: str) -> bool:
    """Say whether a range holds a version; an unreadable one is taken to hold it."""
    try:
        pieces = [_bounds(piece) for piece in text.split(" | ")] if text != ANYTHING else [[]]
        return any(all(_meets(bound, version) for bound in piece) for piece in pieces)
    except (ValueError, InvalidSpecifier):
        return True


def bounds_of(text: str) -> tuple[Version | None, Version | None]:
    """Return the lowest and the highest version that a range names on either side, None where it is open."""
    try:
        pieces = [_bounds(piece) for piece in text.split(" | ")] if text != ANYTHING else []
        named = [(operator, Version(version)) for piece in pieces for operator, version in piece]
    except (ValueError, InvalidVersion):
        return None, None
    lower = [version for operator, version in named if operator in (">", ">=", "==")]
    upper = [version for operator, version in named if operator in ("<", "<=", "==")]
    return min(lower, default=None), max(upper, default=None)


def _meets(bound: tuple[str, str], version: str) -> bool:
    return Specifier("".join(bound)).contains(version, prereleases=True)


def _bounds(piece: str) -> list[tuple[str, str]]:
    """Return the bounds of one piece of a union; raises ValueError for what is none."""
    bounds: list[tuple[str, str]] = []
    for part in piece.split(", "):
        found = _BOUND.match(part.strip())
        if not found:
            raise ValueError(part)
        operator = _ABOVE.get((found["operator"], bool(found["locals"])), found["operator"])
        bounds.append((operator, found["version"]))
    if len(bounds) == 2 and bounds[0][1] == bounds[1][1] and [bound[0] for bound in bounds] == [">=", "<="]:
        return [("==", bounds[0][1])]
    return bounds

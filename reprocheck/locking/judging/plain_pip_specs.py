"""Answer the plain specifiers of pip lines at once, so that the pre-commit hook need not load packaging.

`>=1.26,<3`, `==2.2.4`, `~=1.4`, `==1.2.*` against a version of numbers and dots make nearly all. What is left (letters,
epochs, local labels, `===`) goes to packaging, which takes 20 ms to load; a test compares the two.

Source: PEP 440, "Version specifiers"; packaging.python.org "Version specifiers", zero padding.
"""

from __future__ import annotations

import re
from functools import cache

Release = tuple[int, ...]


def plainly_contains(specifier: str, version: str) -> bool | None:
    """Say whether a specifier admits a version; None where one of the two is not plain."""
    have = _release(version)
    if have is None:
        return None
    answers = [_clause_admits(clause.strip(), have) for clause in specifier.split(",") if clause.strip()]
    return None if None in answers else all(answers)


@cache
def _clause() -> re.Pattern[str]:
    return re.compile(r"(?P<operator>[=!~<>]=|[<>])\s*(?P<version>\d+(?:\.\d+)*)(?P<star>\.\*)?", re.ASCII)


def _clause_admits(text: str, have: Release) -> bool | None:
    found = _clause().fullmatch(text)
    wanted = _release(found["version"]) if found else None
    if found is None or wanted is None:
        return None
    operator = found["operator"]
    if found["star"] or operator == "~=":
        return _prefix_admits(operator, wanted, have, starred=bool(found["star"]))
    mine, theirs = _trimmed(have), _trimmed(wanted)
    return {
        "==": mine == theirs,
        "!=": mine != theirs,
        ">=": mine >= theirs,
        "<=": mine <= theirs,
        ">": mine > theirs,
        "<": mine < theirs,
    }[operator]


def _prefix_admits(operator: str, wanted: Release, have: Release, *, starred: bool) -> bool | None:
    """Answer `==1.2.*`, `!=1.2.*` and `~=1.2`; None for what PEP 440 does not know (`>=1.*`, `~=1`)."""
    if operator == "~=":
        if starred or len(wanted) < 2:
            return None
        return _trimmed(have) >= _trimmed(wanted) and _begins(have, wanted[:-1])
    if operator not in ("==", "!="):
        return None
    return _begins(have, wanted) is (operator == "==")


def _begins(have: Release, prefix: Release) -> bool:
    padded = have + (0,) * (len(prefix) - len(have))
    return padded[: len(prefix)] == prefix


def _release(text: str) -> Release | None:
    """Return the numbers of a version that has nothing else."""
    pieces = text.split(".")
    plain = text.isascii() and all(piece.isdigit() for piece in pieces)
    return tuple(map(int, pieces)) if plain else None


def _trimmed(release: Release) -> Release:
    """Return a release without the zeros at its end, which mean nothing."""
    end = len(release)
    while end and not release[end - 1]:
        end -= 1
    return release[:end]

"""Answer the plain specifiers of pip lines at once, so that the pre-commit hook need not load packaging.

`>=1.26,<3`, `==2.2.4`, `~=1.4`, `==1.2.*` against a version of numbers and dots make nearly all; most others pin the
very text that is locked, `==2.5.9.post1`. What is left (epochs, ranges around letters, `===`) goes to packaging, which
takes 20 ms to load; a test compares the two.

Source: PEP 440, "Version specifiers"; packaging.python.org "Version specifiers", zero padding.
"""

from __future__ import annotations

import re
from functools import cache

Release = tuple[int, ...]


def plainly_contains(specifier: str, version: str) -> bool | None:
    """Say whether a specifier admits a version; None where one of the two is not plain."""
    clauses = [clause.strip() for clause in specifier.split(",") if clause.strip()]
    have = _release(version)
    if have is None:
        return True if _pins_the_text(clauses, version) else None
    answers = [_clause_admits(clause, have) for clause in clauses]
    return None if None in answers else all(answers)


def _pins_the_text(clauses: list[str], version: str) -> bool:
    """Say whether every clause is `==` and the version as it is written, or there is none."""
    return _spelled().fullmatch(version) is not None and all(
        clause.startswith("==") and clause[2:].strip() == version for clause in clauses
    )


@cache
def _spelled() -> re.Pattern[str]:
    """Match a version in the one spelling that PEP 440 calls normal, without an epoch."""
    number = r"(?:0|[1-9]\d*)"
    local = r"[a-z0-9]+(?:\.[a-z0-9]+)*"
    return re.compile(
        rf"{number}(?:\.{number})*(?:(?:a|b|rc){number})?(?:\.post{number})?(?:\.dev{number})?(?:\+{local})?", re.ASCII
    )


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

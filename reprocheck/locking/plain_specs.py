"""Answer the plain specs at once, so that the pre-commit hook need not load the solver.

`name`, `name=1.2`, `name==1.2.3`, `name=1.2.*`, `name>=1.2,<2` and `name!=1.3` over versions of numbers and dots
make nine specs in ten. Anything else is left to the solver's own matcher; a test compares the two.

Source: docs.conda.io "Package match specifications"; conda/models/version.py (missing parts count as 0).
"""

from __future__ import annotations

import re

from reprocheck.model.environments import CondaSpec

_PLAIN_VERSION = re.compile(r"^\d+(?:\.\d+)*$")
_CLAUSE = re.compile(r"^(?P<operator>>=|<=|==|!=|=|>|<)(?P<version>\d+(?:\.\d+)*)(?P<star>(?:\.?\*)?)$")

Numbers = tuple[int, ...]


def plainly_admits(spec: CondaSpec, version: str) -> bool | None:
    """Say whether a locked version meets a plain spec; None where the spec or the version is not plain."""
    if spec.build not in (None, "*"):
        return None
    if spec.version in (None, "*", "=*"):
        return True
    if not _PLAIN_VERSION.match(version):
        return None
    have = _numbers(version)
    answers = [_clause_admits(clause, have) for clause in (spec.version or "").split(",")]
    return None if None in answers else all(answers)


def _clause_admits(clause: str, have: Numbers) -> bool | None:
    found = _CLAUSE.match(clause)
    if not found or (found["star"] and found["operator"] != "="):
        return None
    want = _numbers(found["version"])
    if found["operator"] == "=":
        return _padded(have, len(want))[: len(want)] == want
    width = max(len(have), len(want))
    mine, other = _padded(have, width), _padded(want, width)
    match found["operator"]:
        case ">=":
            return mine >= other
        case "<=":
            return mine <= other
        case ">":
            return mine > other
        case "<":
            return mine < other
        case "==":
            return mine == other
        case _:
            return mine != other


def _numbers(version: str) -> Numbers:
    return tuple(int(part) for part in version.split("."))


def _padded(numbers: Numbers, width: int) -> Numbers:
    return numbers + (0,) * (width - len(numbers))

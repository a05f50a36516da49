"""Answer the plain specs at once, so that the pre-commit hook need not load the solver.

`name=1.2`, `name>=1.2,<2.0a0`, `name=1.2=py311*` and their like make 99 specs in a hundred, and all that packages say
of each other. What is left goes to the solver's own matcher; a test compares the two.

Source: docs.conda.io "Package match specifications"; conda/models/match_spec.py (`=1.2` before a build is exact).
"""

from __future__ import annotations

import re

from reprocheck.model.conda_versions import build_admits, constraint_admits
from reprocheck.model.environments import CondaSpec

_ONE_EQUALS_SIGN = re.compile(r"^=(?!=)(?P<bare>[^,|]+)$")


def plainly_admits(spec: CondaSpec, version: str, build: str | None) -> bool | None:
    """Say whether a locked version and build meet a plain spec; None where the spec or either of these is not plain."""
    if "[" in spec.text:
        return None
    return admits(spec.version, spec.build, version, build)


def admits(constraint: str | None, pattern: str | None, version: str, build: str | None) -> bool | None:
    """Say whether `version` and `build` meet a constraint and a build pattern; None where that is not plain."""
    fits = _build_fits(pattern, build)
    if constraint in (None, "", "*", "="):
        return fits
    exact = _ONE_EQUALS_SIGN.match(constraint or "") if pattern is not None else None
    answer = constraint_admits(exact["bare"] if exact else constraint or "", version)
    if answer is False or fits is False:
        return False
    return None if answer is None else fits


def _build_fits(pattern: str | None, build: str | None) -> bool | None:
    if pattern in (None, "*"):
        return True
    return None if build is None or pattern is None else build_admits(pattern, build)

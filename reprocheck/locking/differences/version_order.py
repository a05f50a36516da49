"""Which of two versions is the newer one, as conda and as pip order them.

Written out for conda, since the solver's library takes longer to load than a comparison of two locks; a test holds
it against that library. Source: docs.conda.io "Version ordering" (conda/models/version.py, VersionOrder); PEP 440.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TypeAlias

from packaging.version import InvalidVersion, Version

from reprocheck.model.locks import Manager

# A run of digits or of letters: its rank (`dev` < letters < numbers < `post`), its number, its letters.
_Atom: TypeAlias = "tuple[int, int, str]"
_Parts: TypeAlias = "list[list[_Atom]]"

_VERSION = re.compile(r"(?:(?P<epoch>\d+)!)?(?P<main>[a-z0-9._]+)(?:\+(?P<local>[a-z0-9._]+))?")
_RUN = re.compile(r"\d+|\D+")
_RANKS = {"dev": -1, "post": 2}
_LETTERS, _NUMBER = 0, 1
_ZERO: _Atom = (_NUMBER, 0, "")


def compare_versions(manager: Manager, old: str, new: str) -> int | None:
    """Return 1 where `new` is the newer one, -1 where it is the older one, 0 for equals, None where nobody can say."""
    if manager == "conda":
        return _compare_conda(old, new)
    try:
        left, right = Version(old), Version(new)
    except InvalidVersion:
        return None
    return (right > left) - (right < left)


def _compare_conda(old: str, new: str) -> int | None:
    left, right = _parts(old), _parts(new)
    if left is None or right is None:
        return None
    nothing: list[_Atom] = []
    for mine, other in zip(left, right, strict=True):
        for ours, theirs in zip_longest(mine, other, fillvalue=nothing):
            for before, after in zip_longest(ours, theirs, fillvalue=_ZERO):
                if before != after:
                    return 1 if after > before else -1
    return 0


def _parts(text: str) -> tuple[_Parts, _Parts] | None:
    """Return the main and the local version in components, None for what is no version."""
    plain = text.strip().lower()
    found = _VERSION.fullmatch(plain if "_" in plain else plain.replace("-", "_"))
    if not found:
        return None
    main = _components(found["main"])
    local = _components(found["local"]) if found["local"] else []
    if main is None or local is None:
        return None
    return [[(_NUMBER, int(found["epoch"] or 0), "")], *main], local


def _components(text: str) -> _Parts | None:
    """Return the runs of every component; a last underscore belongs to what it follows (`1.0.1_` < `1.0.1a`)."""
    tail = "_" if text.endswith("_") else ""
    pieces = text[: len(text) - len(tail)].replace("_", ".").split(".")
    pieces[-1] += tail
    if not all(pieces):
        return None
    return [_atoms(piece) for piece in pieces]


def _atoms(piece: str) -> list[_Atom]:
    atoms = [
        (_NUMBER, int(run), "") if run.isdigit() else (_RANKS.get(run, _LETTERS), 0, run) for run in _RUN.findall(piece)
    ]
    return atoms if piece[0].isdigit() else [_ZERO, *atoms]

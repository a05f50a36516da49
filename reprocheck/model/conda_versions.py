"""conda's order of versions, and the clauses of its constraints, written out: nothing to load, a microsecond each.

A freshness check compares thousands of pairs; loading the solver's library for one of them takes longer than all of
these. What is spelled in a way that is not understood here gives None, and the caller asks that library; a test
compares the two over every constraint of real locks.

Source: docs.conda.io "Version ordering" and "Package match specifications"; conda/models/version.py (VersionOrder).
"""

from __future__ import annotations

import functools
import re
from itertools import zip_longest
from typing import Literal, TypeAlias

from reprocheck.model.data_classes import dataclass

# A run of digits or letters: its rank (`dev` < letters < numbers < `post`), its number, its letters.
Atom: TypeAlias = "tuple[int, int, str]"
Component: TypeAlias = "tuple[Atom, ...]"
Operator = Literal[">=", "<=", "==", "!=", ">", "<", "=", "!=startswith", "~=", "*"]

_VERSION = re.compile(
    r"^(?:(?P<epoch>\d+)!)?(?P<main>[a-z0-9]+(?:[._][a-z0-9]+)*)(?:\+(?P<local>[a-z0-9]+(?:[._][a-z0-9]+)*))?$"
)
_RUN = re.compile(r"\d+|[a-z]+")
_LONGEST = 1000  # Python turns no more than 4,300 digits into a number
_CLAUSE = re.compile(r"^(?P<operator>>=|<=|==|!=|~=|=|>|<)?(?P<version>[A-Za-z0-9][\w.!+]*?)(?P<star>\.?\*)?$")
_RANKS = {"dev": -1, "post": 2}
_ZERO: Atom = (1, 0, "")


@dataclass(frozen=True, slots=True)
class CondaVersion:
    """A version in components, the epoch first; `local` is what stands behind a `+`."""

    main: tuple[Component, ...]
    local: tuple[Component, ...] = ()

    def compare(self, other: CondaVersion) -> int:
        """Return -1, 0 or 1 as this version is older than, as old as or newer than `other`; missing parts are 0."""
        for mine, theirs in ((self.main, other.main), (self.local, other.local)):
            for ours, others in zip_longest(mine, theirs, fillvalue=()):
                if ours == others:
                    continue
                for here, there in zip_longest(ours, others, fillvalue=_ZERO):
                    if here != there:
                        return 1 if here > there else -1
        return 0

    def starts_with(self, prefix: CondaVersion) -> bool:
        """Say whether `prefix.*` means this version; the prefix has no local part."""
        *head, last = prefix.main
        if not _equal(self.main[: len(head)], tuple(head)):
            return False
        own = self.main[len(head)] if len(self.main) > len(head) else ()
        if not _equal((own[: len(last) - 1],), (last[:-1],)):
            return False
        mine, wanted = own[len(last) - 1] if len(own) >= len(last) else _ZERO, last[-1]
        return mine == wanted if wanted[0] else mine[0] == 0 and mine[2].startswith(wanted[2])


@dataclass(frozen=True, slots=True)
class Clause:
    """One operator and its version; `*` admits everything."""

    operator: Operator
    version: CondaVersion

    def admits(self, version: CondaVersion) -> bool:
        """Say whether a version meets the clause."""
        if self.operator in ("*", "=", "!=startswith"):
            return self.operator == "*" or version.starts_with(self.version) is (self.operator == "=")
        order = version.compare(self.version)
        match self.operator:
            case ">=":
                return order >= 0
            case "<=":
                return order <= 0
            case ">":
                return order > 0
            case "<":
                return order < 0
            case "~=":
                return order >= 0 and version.starts_with(CondaVersion(self.version.main[:-1]))
        return (order == 0) is (self.operator == "==")


def _equal(mine: tuple[Component, ...], theirs: tuple[Component, ...]) -> bool:
    return CondaVersion(mine).compare(CondaVersion(theirs)) == 0


@functools.lru_cache(maxsize=16384)
def read_version(text: str) -> CondaVersion | None:
    """Return a version, None for one that is not spelled plainly."""
    found = _VERSION.match(text.lower()) if len(text) <= _LONGEST else None
    if not found:
        return None
    epoch, main, local = found.groups()
    return CondaVersion((((1, int(epoch or 0), ""),), *_components(main)), _components(local or ""))


def _components(text: str) -> tuple[Component, ...]:
    return tuple(map(_atoms, text.replace("_", ".").split("."))) if text else ()


@functools.lru_cache(maxsize=8192)
def _atoms(piece: str) -> Component:
    if piece.isdigit():
        return ((1, int(piece), ""),)
    atoms = tuple((1, int(run), "") if run.isdigit() else (_RANKS.get(run, 0), 0, run) for run in _RUN.findall(piece))
    return atoms if piece[0].isdigit() else (_ZERO, *atoms)


@functools.lru_cache(maxsize=16384)
def read_constraint(text: str) -> tuple[tuple[Clause, ...], ...] | None:
    """Return the alternatives of a constraint, each a conjunction; None for what is not spelled plainly."""
    alternatives: list[tuple[Clause, ...]] = []
    for part in text.replace(" ", "").split("|"):
        clauses = [clause for piece in part.split(",") if (clause := _read_clause(piece))]
        if len(clauses) <= part.count(","):
            return None
        alternatives.append(tuple(clauses))
    return tuple(alternatives)


@functools.lru_cache(maxsize=16384)
def _read_clause(text: str) -> Clause | None:
    if text in ("*", "=*", "==*"):
        return Clause("*", CondaVersion(()))
    found = _CLAUSE.match(text)
    version = read_version(found["version"]) if found else None
    if found is None or version is None:
        return None
    operator = _operator(found["operator"] or "==", bool(found["star"]))
    if operator is None or (version.local and operator in ("=", "!=startswith", "~=")):
        return None
    if operator == "~=" and len(version.main) < 3:
        return None  # `~=1` leaves nothing to begin with
    return Clause(operator, version)


def _operator(written: str, star: bool) -> Operator | None:
    """Return what an operator means; with a `*` behind the version, `==` and none at all mean the prefix."""
    match (written, star):
        case ("==" | "=", True) | ("=", False):
            return "="
        case ("!=", True):
            return "!=startswith"
        case (">=", _):
            return ">="
        case ("==" | "!=" | "<=" | ">" | "<" | "~=" as plain, False):
            return plain
    return None


def constraint_admits(constraint: str, version: str) -> bool | None:
    """Say whether a version meets a constraint such as `>=3.11,<3.12.0a0`; None where either is not plain."""
    alternatives = read_constraint(constraint)
    have = read_version(version) if alternatives else None
    if alternatives is None or have is None:
        return None
    return any(all(clause.admits(have) for clause in clauses) for clauses in alternatives)


def build_admits(pattern: str, build: str) -> bool | None:
    """Say whether a build string meets a pattern with `*`; None for a regular expression, or what is no build."""
    if pattern.startswith(("^", "<", ">", "=", "!", "~")):
        return None
    return pattern == build or ("*" in pattern and bool(_glob(pattern).fullmatch(build)))


@functools.lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))

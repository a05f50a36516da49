"""Poetry's version constraints in the words of conda and of PEP 440.

Source: python-poetry.org "Dependency specification" (caret, tilde, wildcard, `||`); PEP 440; docs.conda.io "Package
match specifications". `~=` means the same to all three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from reprocheck.errors import InputError

_OR = re.compile(r"\|+")
_OPERATOR = re.compile(r"^(?:===|==|~=|!=|<=|>=|<|>)")
_ONE_EQUALS = re.compile(r"^=[^=]")


def conda_constraint(text: str, where: str) -> str | None:
    """Return a Poetry or PEP 440 constraint as conda reads it, None for any version.

    Raises:
        InputError: a caret or tilde before something that is no version; `where` is its place.
    """
    either = [",".join(_clauses(part, where)) for part in _OR.split(text) if part.strip()]
    joined = "|".join(either).replace("===", "==")
    return None if joined in ("", "*") else joined


def pip_specifier(text: str, where: str) -> str:
    """Return a Poetry constraint as PEP 440 reads it, empty for any version.

    Raises:
        InputError: as `conda_constraint`, or an `||`, which PEP 440 does not know.
    """
    if "|" in text:
        raise InputError(
            f"constraint `{text}` holds an `||`",
            where=where,
            why="PEP 440, by which pip packages are locked, knows no alternatives",
            how="write one range, or exclude versions by `!=`",
        )
    clauses = [clause for clause in _clauses(text, where) if clause != "*"]
    return ",".join(clause if _OPERATOR.match(clause) else f"=={clause}" for clause in clauses)


def _clauses(text: str, where: str) -> Iterator[str]:
    for part in text.split(","):
        clause = "".join(part.split())
        if clause.startswith("^") or (clause.startswith("~") and not clause.startswith("~=")):
            yield from _range(clause[1:], clause, where)
        elif clause:
            yield f"={clause}" if _ONE_EQUALS.match(clause) else clause


def _range(text: str, clause: str, where: str) -> tuple[str, str]:
    try:
        version = Version(text)
    except InvalidVersion as error:
        raise InputError(
            f"constraint `{clause}` holds no version",
            where=where,
            why=f"`{clause[0]}` stands before a version such as `1.2.3`",
            how="correct the constraint",
        ) from error
    release = (*version.release, 0, 0)[: max(3, len(version.release))]
    kept = _kept_by_caret(version.release) if clause.startswith("^") else min(len(version.release), 2) - 1
    above = [*release[:kept], release[kept] + 1, *(0 for _ in release[kept + 1 :])]
    floor = str(version).replace(".".join(map(str, version.release)), ".".join(map(str, release)), 1)
    epoch = f"{version.epoch}!" if version.epoch else ""
    return f">={floor}", f"<{epoch}{'.'.join(map(str, above[: max(3, kept + 1)]))}"


def _kept_by_caret(release: tuple[int, ...]) -> int:
    """Return the index of the number that may not change: the first that is not 0, or the last one given."""
    return next((index for index, number in enumerate(release) if number), len(release) - 1)

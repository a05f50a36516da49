"""What uv said when it failed, in pieces: the explanation, its causes, its hints.

uv 0.13 writes `error: …`, `  cause: …`, `hint: …`; older ones draw the same as a tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reprocheck.errors import UndecidedError

_START = re.compile(r"^(?:error: |\s*× )", re.MULTILINE)
_NEXT = re.compile(r"\s+(?:cause: |caused by: |╰─▶ |├─▶ )", re.IGNORECASE)
_HINT = re.compile(r"\s+hint: ")
_MARKER = re.compile(r"(?<=[\w\]])\{[^}]*\}")
_OUT_OF_REACH = re.compile(
    r"request failed|failed to fetch|error sending request|dns error|timed out|connection|git operation failed|"
    r"network (?:connectivity )?(?:was|is) disabled|not found in the cache|no space left|failed to build|http status|"
    r"status code|authentication credentials|\b40[13] |build backend|failed to initialize cache",
    re.IGNORECASE,
)
_LOCKED_OUT = re.compile(r"authentication credentials|\b401\b|\b403\b", re.IGNORECASE)
_OFFLINE = re.compile(r"network (?:connectivity )?(?:was|is) disabled|not found in the cache", re.IGNORECASE)
_NOT_BUILT = re.compile(r"failed to build|build backend", re.IGNORECASE)
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception): ")
_NO_ROOM = re.compile(r"failed to initialize cache|no space left", re.IGNORECASE)
_LONGEST = 300  # characters of what a build says before it fails: the end of it tells most
_SO = ((", we can conclude that your requirements are unsatisfiable", ""), (", we can conclude that ", ", so "))


@dataclass(frozen=True, slots=True, kw_only=True)
class UvFailure:
    """A failure. `unsolvable` when uv came to the end of its search; `first` is the headline."""

    first: str
    causes: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def unsolvable(self) -> bool:
        """Whether uv says that there is no solution."""
        return self.first.lower().startswith("no solution found") and bool(self.causes)

    @property
    def explanation(self) -> str:
        """The last and deepest of what uv said."""
        return self.causes[-1] if self.causes else self.first


def read_failure(stderr: str) -> UvFailure:
    """Return what uv said in words; markers behind names are left out."""
    starts = [found.start() for found in _START.finditer(stderr)]
    text = stderr[starts[-1] :] if starts else "\n".join(line for line in stderr.splitlines() if "DEBUG" not in line)
    body, *hints = _HINT.split(_MARKER.sub("", text))
    first, *causes = _NEXT.split(_START.sub("", body, count=1))
    return UvFailure(first=_plain(first), causes=_all_plain(causes), hints=_all_plain(hints))


def undecided(failure: UvFailure, *, offline: bool) -> UndecidedError | None:
    """Return the error for a failure that says nothing of the requirements: network, disk, build; else None."""
    said = " ".join([failure.first, *failure.causes, *failure.hints])
    if not _OUT_OF_REACH.search(said):
        return None
    if offline and _OFFLINE.search(said):
        how = "run once without `--offline`"
    elif _NOT_BUILT.search(said):
        how = "pin a version that has wheels, or give its build the tools of its time by `--exclude-newer`"
    elif _NO_ROOM.search(said):
        how = "make room there, or name another folder with `UV_CACHE_DIR`"
    elif _LOCKED_OUT.search(said):
        how = "check the credentials of the package index"
    else:
        how = "check the network and the package index (`UV_DEFAULT_INDEX` names another), then try again"
    told = next((hint for hint in failure.hints if _OUT_OF_REACH.search(hint)), failure.explanation)
    detail = "\n".join([failure.first, *failure.causes])
    where, why = _where(failure), _told(told)
    return UndecidedError("the pip part cannot be resolved", where=where, why=why, how=how, detail=detail)


def _told(text: str) -> str:
    """Return what fits into a message: all, or of a traceback what was raised, or else the end."""
    if len(text) <= _LONGEST:
        return _lower(text)
    *_, raised = [text[found.start() :] for found in re.finditer(_ERROR, text)] or [""]
    return raised if 0 < len(raised) <= _LONGEST else f"… {text[-_LONGEST:]}"


def plain_reason(text: str, longest: int) -> str:
    """Return an explanation in fewer words; of one longer than `longest` characters only its conclusion."""
    sentences = re.split(r"\. (?:And |Thus,? |So,? )", text.rstrip("."))
    clauses = [re.sub(r"^because ", "", sentence, flags=re.IGNORECASE) for sentence in sentences]
    for words, instead in _SO:
        clauses = [clause.replace(words, instead) for clause in clauses]
    whole = "; ".join(clauses)
    return whole if len(whole) <= longest else clauses[-1]


def _where(failure: UvFailure) -> str:
    """Return the address that could not be fetched, where uv names it."""
    found = re.search(
        r"Failed to (?:fetch|download|build|download and build)[: ]+`?(?P<what>\S[^`]*?)`?$", failure.first
    )
    for cause in failure.causes:
        found = re.search(r"Failed to fetch: `?(?P<what>\S+?)`?$", cause) or found
    return found["what"] if found else ""


def _lower(text: str) -> str:
    """Return a sentence as a part of a message; what begins like an abbreviation stays."""
    lowered = text[:1].lower() + text[1:] if text[1:2].islower() else text
    return lowered.rstrip(".")


def _all_plain(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(_plain(text) for text in texts)


def _plain(text: str) -> str:
    """Return running text without the strokes of a tree."""
    return " ".join(text.replace("│", " ").split())

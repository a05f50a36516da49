"""Comments that allow findings: `# reprocheck: ignore RC101 -- reason`, or `ignore-file` for the whole file.

A comment speaks of its line; one that stands alone, of the next line that is no comment. It covers the findings on that
line, and those about a package that is declared there whose place is another file: nobody comments on a generated lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from reprocheck.model.environments import Comment, EnvironmentFile
from reprocheck.model.findings import Finding, Location, Suppression

# Without brackets: conda-lock takes a bracketed comment for a platform selector and drops the dependency.
_IGNORE = re.compile(r"#\s*reprocheck:\s*ignore(?P<file>-file)?(?!\w)(?P<rest>(?:(?!\s#).)*)")
_CODES = re.compile(r"\s+(?P<codes>RC\d{3}(?:[,\s]+RC\d{3})*)\b")
_LIKE_A_CODE = re.compile(r"[,\s]+(?P<word>[Rr][Cc]\d\w*)")

Needed = Set[tuple[Location, str]]
_Mark = tuple[str, tuple[str, str | int] | None]  # a code, and a place or a package; None for the whole file


class Allowance(NamedTuple):
    """One comment: the codes that it allows, those that it misspells, and for what.

    `line` is the line that it speaks of, 0 for the whole file; `declared` are the (manager, name) pairs on that line.
    """

    location: Location
    codes: tuple[str, ...]
    misspelt: tuple[str, ...]
    line: int
    declared: frozenset[tuple[str, str]]

    def marks(self) -> Iterator[_Mark]:
        """Yield its codes with all that it may speak of: the file, its line, what is declared there."""
        about: list[tuple[str, str | int] | None] = [(self.location.path, self.line), *self.declared]
        yield from ((code, one) for code in self.codes for one in (about if self.line else [None]))

    def covers(self, finding: Finding) -> bool:
        """Say whether the comment speaks of what this finding, whose code it holds, is about."""
        if not self.line:
            return True
        place = self.location.path, self.line
        if finding.location.path == self.location.path:
            return finding.location.line == self.line
        named = ((package.manager, package.name) for package in finding.packages)
        beside = ((one.location.path, one.location.line) for one in finding.related)
        return place in beside or not self.declared.isdisjoint(named)


def allowances(environment: EnvironmentFile) -> tuple[Allowance, ...]:
    """Return the comments of a file that allow findings, in file order."""
    alone = {comment.location.line for comment in environment.comments if comment.alone}
    found = ((comment, _IGNORE.search(comment.text)) for comment in environment.comments)
    return tuple(_allowance(comment, match, alone, environment) for comment, match in found if match)


def _allowance(comment: Comment, found: re.Match[str], alone: set[int], environment: EnvironmentFile) -> Allowance:
    codes = _CODES.match(found["rest"])
    behind = _LIKE_A_CODE.match(found["rest"], codes.end() if codes else 0)
    line = comment.location.line
    while line in alone:
        line += 1
    place = comment.location
    return Allowance(
        location=Location(path=place.path, line=place.line, column=place.column + found.start()),
        codes=tuple(dict.fromkeys(re.findall(r"RC\d{3}", codes["codes"]))) if codes else (),
        misspelt=(behind["word"],) if behind else () if codes else ("",),
        line=0 if found["file"] else line,
        declared=_declared_on(line, environment),
    )


def _declared_on(line: int, environment: EnvironmentFile) -> frozenset[tuple[str, str]]:
    conda = {("conda", spec.name) for spec in environment.conda if spec.location.line == line}
    pip = {("pip", one.name) for one in environment.pip if one.location.line == line and one.name}
    return frozenset(conda | pip)


def sift(findings: Sequence[Finding], allowed: Sequence[Allowance]) -> tuple[tuple[Finding, ...], Needed]:
    """Return the findings that no comment allows, and which codes the comments were needed for."""
    kept: list[Finding] = []
    needed: set[tuple[Location, str]] = set()
    by_mark: dict[_Mark, list[Allowance]] = {}
    for allowance in allowed:
        for mark in allowance.marks():
            by_mark.setdefault(mark, []).append(allowance)
    for finding in findings:
        likely = (one for mark in _marks_of(finding) for one in by_mark.get(mark, ()))
        covering = {(one.location, finding.code) for one in likely if one.covers(finding)}
        needed.update(covering)
        if not covering:
            kept.append(finding)
    return tuple(kept), needed


def _marks_of(finding: Finding) -> Iterator[_Mark]:
    """Yield what a comment that covers the finding has one of among its own; thousands of both meet in one file."""
    yield finding.code, None
    for place in (finding.location, *(one.location for one in finding.related)):
        yield finding.code, (place.path, place.line)
    yield from ((finding.code, (package.manager, package.name)) for package in finding.packages)


def states_of(found: Iterable[Allowance], needed: Needed, judged: Mapping[str, bool]) -> tuple[Suppression, ...]:
    """Return what became of every code in the comments.

    `judged` holds every code that there is, and whether its rule would have found all that there is to find.
    """
    told = []
    for allowance in found:
        told += [_state(allowance.location, code, needed, judged) for code in allowance.codes]
        told += [_unknown(allowance.location, code, judged) for code in allowance.misspelt]
    return tuple(told)


def merged(suppressions: Iterable[Suppression]) -> tuple[Suppression, ...]:
    """Return each code of a comment once: used where one audit needs it, unused where every one could tell."""
    states: dict[tuple[Location, str], Suppression] = {}
    for one in sorted(suppressions, key=lambda one: ("used", "undecided", "unused", "unknown").index(one.state)):
        states.setdefault((one.location, one.code), one)
    return tuple(sorted(states.values()))


def _state(place: Location, code: str, needed: Needed, judged: Mapping[str, bool]) -> Suppression:
    if (place, code) in needed:
        return Suppression(place, code, "used")
    if code not in judged:
        return _unknown(place, code, judged)
    return Suppression(place, code, "unused" if judged[code] else "undecided")


def _unknown(place: Location, code: str, judged: Mapping[str, bool]) -> Suppression:
    # Imported where it is needed: only a misspelt code asks for it.
    from reprocheck.rules.near_codes import near_code

    return Suppression(place, code, "unknown", near_code(code, judged))


def without_codes(line: str, column: int, codes: set[str]) -> str | None:
    """Return a line without some codes of the comment at `column`; None where nothing but spaces would be left.

    The comment goes with its last code, and its reason with it; what other comments stand on the line stays.
    """
    found = _IGNORE.match(line, column - 1)
    listed = _CODES.match(line, found.start("rest")) if found else None
    if not found or not listed:
        return line
    kept = [code for code in dict.fromkeys(re.findall(r"RC\d{3}", listed["codes"])) if code not in codes]
    misspelt = _LIKE_A_CODE.match(line, listed.end())
    if kept or misspelt:
        behind = misspelt.start("word") if misspelt and not kept else listed.end()
        return line[: listed.start("codes")] + ", ".join(kept) + line[behind:]
    return (line[: found.start()] + line[found.end() :].lstrip()).rstrip() or None

"""`--fix` and `--diff`: mend environment files by the edits of findings, round after round, and never by half.

Each round mends what does not overlap, reads the outcome and lets the rules look again, until nothing is left to mend.
Comments that allow nothing any more go last. Nothing is written before all of that has ended well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from reprocheck.atomic_write import staged_file
from reprocheck.errors import UndecidedError
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Audit, Edit, Location, Suppression
from reprocheck.model.line_edits import apply_edits, is_sound, touched
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.suppressions import without_codes
from reprocheck.workflows.check import CheckRequest, find_subjects, run_check
from reprocheck.workflows.mend_safety import keeps_the_rest

_MOST_ROUNDS = 25
_YAML = (".yml", ".yaml")
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

Drafts = dict[Path, bytes]


class Change(NamedTuple):
    """What a file held when it was read, and what it should hold."""

    path: Path
    before: bytes
    after: bytes


class Plan(NamedTuple):
    """What mending changes: the files, how many findings and idle comments go, and what is left as it is, and why."""

    changes: tuple[Change, ...]
    fixed: int
    notes: tuple[str, ...]


class _Mend(NamedTuple):
    what: str
    location: Location
    edits: tuple[Edit, ...]


def plan_mends(request: CheckRequest, *, unsafe: bool) -> Plan:
    """Return what to write so that nothing is left that can be mended; `unsafe` mends may change what is installed.

    Raises:
        InputError, GatheredErrors: a file is broken.
    """
    return mend_until_quiet(
        lambda drafts: run_check(replace(request, drafts=drafts)).audit, _editable(request), unsafe=unsafe
    )


def mend_until_quiet(look: Callable[[Drafts], Audit], originals: Drafts, *, unsafe: bool) -> Plan:
    """Return what the findings of `look` change in the files before there are no more of them that can be mended."""
    drafts, fixed = dict(originals), 0
    for _ in range(_MOST_ROUNDS):
        audit = look(drafts)
        mends = _mends_of_findings(audit, drafts, unsafe=unsafe) or _mends_of_comments(audit, drafts)
        taken = _take(mends, drafts)
        if not taken:
            changes = (Change(path, data, drafts[path]) for path, data in originals.items())
            changed = tuple(change for change in changes if change.before != change.after)
            return Plan(changed, fixed, tuple(map(_refusal, mends)))
        drafts = _with_edits(drafts, taken)
        fixed += len(taken)
    return Plan((), 0, (f"note: mending came to no end in {_MOST_ROUNDS} rounds; nothing was changed",))


def write_changes(changes: Sequence[Change]) -> None:
    """Replace the files, all of them or none.

    Raises:
        UndecidedError: a file is read-only, has changed since it was read, or finds no room on the disk.
    """
    for change in changes:
        _refuse_changed(change)
        _refuse_read_only(change.path)
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(staged_file(change.path, change.after))
        for change in changes:
            _refuse_changed(change)


def _editable(request: CheckRequest) -> Drafts:
    """Return the environment files of the request with their bytes; one that a link names as well counts once.

    Hard links count as files of their own: what is put in the place of one name leaves the other as it was.
    """
    found: Drafts = {}
    known: set[Path] = set()
    for path in (subject.environment for subject in find_subjects(request)):
        if path is None or path.suffix not in _YAML or not path.is_file():
            continue
        behind = path.resolve()
        if behind not in known:
            known.add(behind)
            found[path] = path.read_bytes()
    return found


def _mends_of_findings(audit: Audit, drafts: Drafts, *, unsafe: bool) -> list[_Mend]:
    names = {path.as_posix() for path in drafts}
    return [
        _Mend(finding.code, finding.location, finding.edits)
        for finding in audit.findings
        if finding.edits and (unsafe or finding.has_safe_fix) and all(edit.path in names for edit in finding.edits)
    ]


def _mends_of_comments(audit: Audit, drafts: Drafts) -> list[_Mend]:
    """Return what takes out the codes that allow nothing, and comments that hold no other ones."""
    idle: dict[Location, list[Suppression]] = {}
    for one in audit.suppressions:
        if one.state == "unused":
            idle.setdefault(one.location, []).append(one)
    lines = {path.as_posix(): _environment(path, data).lines for path, data in drafts.items()}
    return [
        _Mend("a comment", place, _without(place, codes, lines[place.path]))
        for place, codes in idle.items()
        if place.path in lines
    ]


def _without(place: Location, codes: Iterable[Suppression], lines: Sequence[str]) -> tuple[Edit, ...]:
    left = without_codes(lines[place.line - 1], place.column, {one.code for one in codes})
    new = () if left is None else (left,)
    return (Edit(path=place.path, first=place.line, last=place.line, lines=new, safe=True),)


def _take(mends: Sequence[_Mend], drafts: Drafts) -> list[_Mend]:
    """Return what can be mended in one round: the first of those that overlap; what spoils other lines is left out."""
    files = {path.as_posix(): _environment(path, data) for path, data in drafts.items()}
    apart: list[_Mend] = []
    taken: set[tuple[str, int]] = set()
    for mend in mends:
        if _has_effect(mend, files) and not taken & touched(mend.edits):
            taken |= touched(mend.edits)
            apart.append(mend)
    return _sound([], apart, lambda some: _keeps_the_rest(some, drafts, files))


def _sound(taken: list[_Mend], more: list[_Mend], keeps: Callable[[list[_Mend]], bool]) -> list[_Mend]:
    """Return `taken` and all of `more` that can go with it, in order; halved where it is not all of them."""
    together = [*taken, *more]
    if keeps(together):
        return together
    if len(more) < 2:
        return taken
    half = len(more) // 2
    return _sound(_sound(taken, more[:half], keeps), more[half:], keeps)


def _has_effect(mend: _Mend, files: Mapping[str, EnvironmentFile]) -> bool:
    """Say whether the edits of a mend have their places in the files, each its own, and change something."""
    if not all(is_sound(edit, len(files[edit.path].lines)) for edit in mend.edits):
        return False
    apart = len(touched(mend.edits)) == sum(len(touched([edit])) for edit in mend.edits)
    return apart and any(edit.lines != files[edit.path].lines[edit.first - 1 : edit.last] for edit in mend.edits)


def _keeps_the_rest(mends: Sequence[_Mend], drafts: Drafts, files: Mapping[str, EnvironmentFile]) -> bool:
    mended = {path.as_posix(): data for path, data in _with_edits(drafts, mends).items()}
    return all(keeps_the_rest(files[path], mended[path], edits) for path, edits in _by_path(mends).items())


def _with_edits(drafts: Drafts, mends: Sequence[_Mend]) -> Drafts:
    edits = _by_path(mends)
    return {path: apply_edits(data, edits.get(path.as_posix(), ())) for path, data in drafts.items()}


def _by_path(mends: Sequence[_Mend]) -> Mapping[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for edit in (edit for mend in mends for edit in mend.edits):
        found.setdefault(edit.path, []).append(edit)
    return found


def _environment(path: Path, data: bytes) -> EnvironmentFile:
    return parse_environment(data, path.as_posix())


def _refusal(mend: _Mend) -> str:
    return f"note: {mend.what} at {mend.location} is left as it is: mending it would change other lines"


def _refuse_read_only(path: Path) -> None:
    """A rename would put a new file in the place of one that nobody may write to."""
    if path.stat().st_mode & _WRITABLE and os.access(path, os.W_OK):
        return
    raise UndecidedError(
        f"cannot write `{path.as_posix()}`",
        where=path.as_posix(),
        why="the file is read-only",
        how="make it writable; nothing was changed",
    )


def _refuse_changed(change: Change) -> None:
    try:
        data = change.path.read_bytes()
    except OSError:
        data = None
    if data != change.before:
        raise UndecidedError(
            f"`{change.path.as_posix()}` changed while it was mended",
            where=change.path.as_posix(),
            why="somebody else wrote to it in the meantime",
            how="run it again; nothing was changed",
        )

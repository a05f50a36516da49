"""`diff`: read two sides of one kind, from files or from git, and tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reprocheck.errors import InputError, UsageError
from reprocheck.locking.differences.environment_differences import environment_differences
from reprocheck.locking.differences.lock_differences import lock_differences
from reprocheck.machine.git_files import names_revision, read_git_file
from reprocheck.model.differences import Difference
from reprocheck.model.records import SNIFFED_BYTES, looks_like_record
from reprocheck.readers.decoded_text import read_given
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.readers.locks import lock_format, parse_any_lock

Kind = Literal["lock", "environment", "fingerprint", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRequest:
    """The two sides, each a path or `REV:path`. `environment` is the one to take of a pixi.lock, by default its own."""

    old: str
    new: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side as bytes, under the name that reports use."""

    name: str
    data: bytes
    kind: Kind


def find_differences(request: DiffRequest) -> Difference:
    """Return what differs from the old side to the new one.

    Raises:
        InputError, GatheredErrors: a side is missing or broken.
        UsageError: the two are not of one kind.
        UndecidedError: git is wanted and does not answer.
    """
    old, new = _side(request.old), _side(request.new)
    if old.kind != new.kind:
        raise UsageError(
            f"the two sides are of different kinds: {old.kind} and {new.kind}",
            where=f"{old.name} and {new.name}",
            why="locks compare with locks (conda-lock.yml, pixi.lock or explicit files, also mixed), environment "
            "files with environment files, fingerprints with fingerprints, records with records",
            how="name two of one kind",
        )
    match old.kind:
        case "lock":
            return _locks(old, new, request.environment)
        case "environment":
            return environment_differences(parse_environment(old.data, old.name), parse_environment(new.data, new.name))
        case _:
            return _documents(old, new)


def documents_to_rerun(request: DiffRequest) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """Return both sides, each as a name and bytes, where they are fingerprints or records.

    Raises:
        InputError, UsageError, UndecidedError: as `find_differences`, and where they are something else.
    """
    sides = _side(request.old), _side(request.new)
    odd = next((side for side in sides if side.kind not in ("fingerprint", "record")), None)
    if odd is not None:
        raise UsageError(
            f"there is nothing to rerun in a file of kind {odd.kind}",
            where=odd.name,
            why="`--explain-by-experiment` reruns the probes of two fingerprints, or of two records",
            how="leave the option out, or name two fingerprints taken with `--probes`",
        )
    return (sides[0].name, sides[0].data), (sides[1].name, sides[1].data)


def _side(text: str) -> _Side:
    data = read_git_file(text) if names_revision(text) else _file_bytes(Path(text))
    name = Path(text).as_posix()
    return _Side(name=name, data=data, kind=_kind(data, name))


def _file_bytes(path: Path) -> bytes:
    how = "name a lock, an environment file, a fingerprint or a record; `REV:path` reads it from git"
    return read_given(path, "the file", how)


def _kind(data: bytes, name: str) -> Kind:
    if data[:SNIFFED_BYTES].lstrip().startswith(b"{"):
        return "record" if looks_like_record(data) else "fingerprint"
    if lock_format(data, name) is not None:
        return "lock"
    if name.endswith((".yml", ".yaml")) or b"\ndependencies:" in b"\n" + data:
        return "environment"
    raise InputError(
        "cannot tell what this file is",
        where=name,
        why="`diff` knows conda-lock.yml, pixi.lock, @EXPLICIT files, environment.yml, fingerprints and records",
        how="name a file of one of these kinds",
    )


def _locks(old: _Side, new: _Side, environment: str) -> Difference:
    return lock_differences(
        parse_any_lock(old.data, old.name, environment),
        parse_any_lock(new.data, new.name, environment),
        same_format=lock_format(old.data, old.name) == lock_format(new.data, new.name),
    )


def _documents(old: _Side, new: _Side) -> Difference:
    # Imported on use: telling locks apart, the usual case, needs nothing of it.
    from reprocheck.workflows.document_differences import tell_fingerprints, tell_records

    tell = tell_records if old.kind == "record" else tell_fingerprints
    return tell((old.name, old.data), (new.name, new.data))

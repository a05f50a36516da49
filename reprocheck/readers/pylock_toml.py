"""Read a pylock.toml into plain data: which packages, and where their files are.

Only what uv writes for one platform is lifted: wheels, source archives, direct URLs and git commits.
Source: PyPA "pylock.toml Specification" (PEP 751), lock-version 1.0, read 2026-11-21.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from reprocheck.errors import InputError
from reprocheck.model.project_names import normalise_name

_MAJOR = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PylockFile:
    """One file. `url` may hold credentials; `sha256` is lower-case hex, None where the lock has none."""

    url: str = field(repr=False)
    filename: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PylockCommit:
    """A commit of a git repository. `url` may hold credentials."""

    url: str = field(repr=False)
    commit: str
    subdirectory: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PylockPackage:
    """One package. `archive` and `commit` are direct references; else there are wheels, a source archive, or both."""

    name: str
    version: str
    wheels: tuple[PylockFile, ...] = ()
    sdist: PylockFile | None = None
    archive: PylockFile | None = None
    commit: PylockCommit | None = None


def parse_pylock(data: bytes, path: str) -> tuple[PylockPackage, ...]:
    """Return the packages of the bytes of a pylock.toml, in file order.

    Raises:
        InputError: no TOML, no pylock of version 1, or a package that says too little.
    """
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _broken("file is no TOML", path, str(error).lower()) from error
    version = document.get("lock-version")
    if not isinstance(version, str) or version.split(".")[0] != _MAJOR:
        raise _broken(
            f"pylock version `{version}` is unknown", f"{path}, lock-version", f"this release reads `{_MAJOR}.x`"
        )
    entries = document.get("packages", [])
    if not isinstance(entries, list):
        raise _broken(
            "pylock holds no list of packages", f"{path}, packages", "`packages` should be an array of tables"
        )
    return tuple(_package(entry, f"{path}, packages[{index}]") for index, entry in enumerate(entries))


def _package(entry: object, where: str) -> PylockPackage:
    table = _table(entry, where)
    return PylockPackage(
        name=normalise_name(_text(table, "name", where)),
        version=_text(table, "version", where),
        wheels=tuple(_file(wheel, f"{where}.wheels") for wheel in _tables(table, "wheels", where)),
        sdist=_file(table["sdist"], f"{where}.sdist") if "sdist" in table else None,
        archive=_file(table["archive"], f"{where}.archive") if "archive" in table else None,
        commit=_commit(table["vcs"], f"{where}.vcs") if "vcs" in table else None,
    )


def _file(entry: object, where: str) -> PylockFile:
    table = _table(entry, where)
    url = _text(table, "url", where)
    hashes = _table(table.get("hashes", {}), f"{where}.hashes")
    sha256 = hashes.get("sha256")
    return PylockFile(
        url=url,
        filename=url.partition("#")[0].partition("?")[0].rsplit("/", 1)[-1],
        sha256=sha256.lower() if isinstance(sha256, str) else None,
    )


def _commit(entry: object, where: str) -> PylockCommit:
    table = _table(entry, where)
    subdirectory = table.get("subdirectory")
    return PylockCommit(
        url=_text(table, "url", where),
        commit=_text(table, "commit-id", where),
        subdirectory=subdirectory if isinstance(subdirectory, str) else None,
    )


def _tables(table: Mapping[str, object], key: str, where: str) -> list[object]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise _broken(f"`{key}` is no list", where, "it should be an array of tables")
    return value


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _broken("entry is no table", where, "it should hold keys and values")
    return value


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise _broken(f"`{key}` is missing", where, "every package has one")
    return value


def _broken(what: str, where: str, why: str) -> InputError:
    return InputError(what, where=where, why=why, how="write the file anew")

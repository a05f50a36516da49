"""Read the records of `conda-meta`: what conda, mamba, rattler and pixi wrote down of each package.

What each expects of a file: `sha256_in_prefix`, the digest after the prefix was written in; else `sha256`, that of the
archive, where no prefix was (rattler writes the first only where it differs). mamba leaves out `prefix_placeholder`,
but writes both digests, and they differ where a prefix was written in. `size_in_bytes` is always the archive's; it
holds where nothing was written in, or into a program, which keeps its length; but on macOS programs are signed anew.

Of the scripts that an installer makes itself (entry points) conda and mamba tell no digest, rattler tells `sha256`.

Sources: conda 24, `conda/core/path_actions.py`; libmamba 2, `link.cpp`; rattler, `install/entry_point.rs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reprocheck.errors import InputError
from reprocheck.model.prefixes import CondaRecord, Fault, OwnedFile, PathKind
from reprocheck.model.redaction import public_line, public_url
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.readers.match_spec import split_match_spec
from reprocheck.readers.prefixes.environment_folders import CONDA_META
from reprocheck.readers.prefixes.json_documents import Document, parse_json
from reprocheck.readers.prefixes.listed_paths import path_inside, why_refused
from reprocheck.readers.prefixes.noarch_paths import whole_paths
from reprocheck.readers.prefixes.packed import is_packed
from reprocheck.readers.prefixes.regular_files import names_or_fault, read_regular

_KINDS: Mapping[str | None, PathKind] = {"softlink": "link", "directory": "folder", "pyc_file": "bytecode"}
_WORD = re.compile(r"[!-~]+")
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_LOOSE = re.compile(r"[<>=!~,|]\s|\s[,|]|\[")
_HEX_LENGTH = 64


class _Habits(NamedTuple):
    """How paths are written, whether programs are signed, and whether conda-pack has moved the environment."""

    windows: bool
    signs: bool
    packed: bool


def read_conda_meta(root: Path, faults: list[Fault]) -> tuple[CondaRecord, ...]:
    """Return the records below `root`, sorted by file name; what cannot be read is added to `faults`."""
    names = [name for name in names_or_fault(root, CONDA_META, faults) if name.endswith(".json")]
    packed = is_packed(root)
    found = (_read(root, f"{CONDA_META}/{name}", packed, faults) for name in names)
    records = [record for record in found if record is not None]
    faults.extend(_twice(records))
    return tuple(records)


def _read(root: Path, place: str, packed: bool, faults: list[Fault]) -> CondaRecord | None:
    try:
        document = parse_json(read_regular(f"{root}/{place}") or b"")
        return _record(document, place, packed, faults)
    except InputError as error:
        faults.append(Fault(place, error.why))
    except (AttributeError, KeyError, TypeError):
        faults.append(Fault(place, "is no record of a conda package: an entry has the wrong shape"))
    return None


def _record(document: Document, place: str, packed: bool, faults: list[Fault]) -> CondaRecord:
    name, version, build = (_word(document, key) for key in ("name", "version", "build"))
    url = _text(document.get("url"))
    subdir = _subdir(document, url)
    refused: list[str] = []
    files: dict[str, OwnedFile] = {}
    for file in _files(document, _Habits(subdir.startswith("win-"), subdir.startswith("osx-"), packed), refused):
        files.setdefault(file.path, file)
    if refused:
        faults.append(Fault(place, why_refused(refused)))
    return CondaRecord(
        name=name,
        version=version,
        build=build,
        channel=_channel(url, _text(document.get("channel")), subdir),
        subdir=subdir,
        url=public_url(url),
        md5=_text(document.get("md5")).lower() or None,
        sha256=_text(document.get("sha256")).lower() or None,
        dependencies=tuple(map(_dependency, _list(document.get("depends")))),
        requested=_requested(document),
        files=tuple(files.values()),
        record=place,
    )


def _word(document: Document, key: str) -> str:
    value = _text(document.get(key))
    if not _WORD.fullmatch(value):
        why = f"`{key}` is missing, or no plain word"
        raise InputError("broken record", where=key, why=why, how="install the package again")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    """Return a list, an empty one for what is not there.

    Raises:
        TypeError: something else is there.
    """
    if value is not None and not isinstance(value, list):
        raise TypeError("no list")
    return value or []


def _subdir(document: Document, url: str) -> str:
    """Return where in its channel the package lies; records of old conda tell it by the URL alone."""
    told = _text(document.get("subdir")) or url.rpartition("/")[0].rpartition("/")[2]
    return told if _WORD.fullmatch(told) else "noarch"


def _channel(url: str, channel: str, subdir: str) -> str:
    """Return the name that conda shows, from the URL as for a lock, so that both can be compared."""
    plain = channel.rstrip("/").removesuffix(f"/{subdir}")
    named = read_conda_url(url)[1] if url else None
    if named is None and "://" in plain:
        named = read_conda_url(f"{plain}/{subdir}/any.conda")[1]
    return named or public_url(plain)


def _dependency(text: str) -> tuple[str, str]:
    """Return name and constraint; some channels write `pytorch==2.0.1`, `main::numpy` or `numpy >= 1.16`."""
    name, _, constraint = text.strip().partition(" ")
    is_usual = _NAME.fullmatch(name) and not _LOOSE.search(constraint)
    parts = None if is_usual else split_match_spec(text)
    if parts is None:
        return name, constraint.strip()
    version = parts.version or ("*" if parts.build else "")
    return parts.name, f"{version} {parts.build or ''}".strip()


def _requested(document: Document) -> tuple[str, ...]:
    """Return the specs asked for by hand; conda once wrote `None` as a word for a package that came as a dependency."""
    listed = _list(document.get("requested_specs")) or [document.get("requested_spec")]
    return tuple(public_line(spec) for spec in map(_text, listed) if spec not in ("", "None"))


def _files(document: Document, habits: _Habits, refused: list[str]) -> Iterator[OwnedFile]:
    paths, names = _list((document.get("paths_data") or {}).get("paths")), _list(document.get("files"))
    if not paths:  # records of conda before 4.3, and of its installers until 2019, list names alone
        paths = [{"_path": name} for name in names]
    placed = whole_paths([entry["_path"] for entry in paths], names)
    sources = frozenset(path for path in placed if path.endswith(".py"))
    for listed, entry in zip(placed, paths, strict=True):
        path = path_inside(listed, windows=habits.windows)
        if path is None:
            refused.append(listed)
            continue
        file = OwnedFile(path, "bytecode") if path[:-1] in sources else _file(path, entry, habits)
        moved: str | None = entry.get("original_path")
        if moved:
            place = path_inside(moved, windows=habits.windows)
            refused.extend([] if place else [moved])
            file = file._replace(original=place)
        yield file


def _file(path: str, entry: Document, habits: _Habits) -> OwnedFile:
    kind: PathKind = _KINDS.get(entry.get("path_type"), "file")
    if "__pycache__/" in path:
        kind = "bytecode"
    if kind != "file":
        return OwnedFile(path, kind)
    archived, installed = _hex(entry.get("sha256")), _hex(entry.get("sha256_in_prefix"))
    placeholder = entry.get("prefix_placeholder")
    written = bool(placeholder) or (installed is not None and installed != archived)
    keeps_length = not written or (entry.get("file_mode") == "binary" and not habits.signs)
    size = entry.get("size_in_bytes") if keeps_length else None
    expected = installed or (None if placeholder else archived)
    if habits.packed and (written or "entry_point" in _text(entry.get("path_type"))):
        expected, size = None, size if written else None
    return OwnedFile(path, kind, expected, size if type(size) is int else None)


def _hex(value: str | None) -> str | None:
    return value.lower() if value and len(value) == _HEX_LENGTH else None


def _twice(records: list[CondaRecord]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for record in records:
        other = first.setdefault(record.name, record.record)
        if other != record.record:
            yield Fault(record.record, f"`{record.name}` has another record, `{other}`")

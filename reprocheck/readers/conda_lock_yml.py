"""Read a conda-lock.yml (format version 1) into the model, every package with its line.

Lenient where real files are: `optional` and `category` may be missing, hashes may be partial. Strict where
silence would mislead: version, and the five fields without which an entry names no package.

Source: conda-lock 4, conda_lock/lockfile/v1/models.py; CEP-less format, so its code is the authority.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.locks import Lock, LockedPackage, Manager
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.plain_blocks import Block, Irregular, Value, blocks_of, scan_blocks
from reprocheck.readers.plain_entries import split_entries

LARGEST_LOCK_BYTES = 64 << 20
MOST_LOCK_NODES = 5_000_000
MOST_FAULTS_TOLD = 10

_REGENERATE = "write it anew with `reprocheck lock`"
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_NEEDED = ("name", "version", "manager", "platform", "url")


class ConflictedLockError(InputError):
    """A lock with conflict markers: broken, but known to be a lock, so that a new one may replace it."""


def read_lock(path: Path, shown_as: str | None = None) -> Lock:
    """Read the file at `path`; `shown_as` is its name in locations.

    Raises:
        InputError: missing, unreadable, no YAML, or no lock of version 1.
        GatheredErrors: several broken entries.
    """
    return parse_lock(read_lock_bytes(path), shown_as or path.as_posix())


def read_lock_bytes(path: Path) -> bytes:
    """Return the bytes of a lock of any format.

    Raises:
        InputError: missing or unreadable.
    """
    return read_given(
        path, "the lock file", "write one with `reprocheck lock`, or name an existing file with `--lockfile`"
    )


def parse_lock(data: bytes, path: str) -> Lock:
    """Return the model of the bytes of a lock file; raises as `read_lock`."""
    text = decode_text(data, path, LARGEST_LOCK_BYTES)
    try:
        return _read_as_written(text, path)
    except Irregular:
        root = _read_otherwise(text, path)
    if not isinstance(root, Block) or not root.values:
        why = "it should hold `version`, `metadata` and `package`"
        raise InputError("lock file is empty", where=f"{path}:1", why=why, how=_REGENERATE)
    return lift_lock(root, path)


def _read_as_written(text: str, path: str) -> Lock:
    """Return the lock of a text as conda-lock and `reprocheck lock` lay it out; raises Irregular for any other."""
    head, packages = split_entries(text)
    root = scan_blocks(head)
    _check_head(root, path)
    return _lock(root.block("metadata"), path, packages)


def _read_otherwise(text: str, path: str) -> Value:
    with contextlib.suppress(Irregular):
        return scan_blocks(text)
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise ConflictedLockError(
            "conflict marker in the lock file",
            where=f"{path}:{line}:1",
            why="a merge was left unfinished, and a lock cannot be merged by hand",
            how="run `reprocheck lock`, which writes it anew",
        )
    # Imported where it is needed: PyYAML takes 15 ms to load, and locks are written by programs.
    from reprocheck.readers.yaml_events import parse_yaml

    try:
        node = parse_yaml(text, path, most_nodes=MOST_LOCK_NODES)
    except InputError as error:
        raise InputError(error.what, where=error.where, why=error.why, how=_REGENERATE) from error
    return "" if node is None else blocks_of(node)


def lift_lock(root: Block, path: str) -> Lock:
    """Return the lock that the mapping `root` describes; raises as `read_lock`."""
    _check_head(root, path)
    errors: list[ReprocheckError] = []
    packages = tuple(_packages(root, path, errors))
    raise_gathered(errors[:MOST_FAULTS_TOLD])
    return _lock(root.block("metadata"), path, packages)


def _lock(metadata: Block, path: str, packages: tuple[LockedPackage, ...]) -> Lock:
    return Lock(
        path=path,
        platforms=tuple(_texts(metadata.items("platforms"))),
        channels=tuple(_channels(metadata)),
        content_hash=_pairs(metadata.block("content_hash")),
        sources=tuple(_texts(metadata.items("sources"))),
        custom_metadata=_pairs(metadata.block("custom_metadata")),
        packages=packages,
    )


def _check_head(root: Block, path: str) -> None:
    version = root.text("version")
    if version is not None and version != "1":
        raise InputError(
            f"lock format version `{version}` is unknown",
            where=f"{path}:{root.lines['version']}, version",
            why="this release reads version `1`",
            how="write the lock file anew in version `1`, or upgrade reprocheck",
        )
    absent = [key for key in ("version", "metadata", "package") if key not in root.values]
    if absent:
        raise InputError(
            f"file is no conda-lock file: `{absent[0]}` is missing",
            where=f"{path}:1",
            why="a lock holds the keys `version`, `metadata` and `package`",
            how=f"name the right file, or {_REGENERATE}",
        )
    if not isinstance(root.values["package"], list) and root.values["package"] != "":
        why = "it should be a list, with one entry a package"
        raise InputError("`package` is broken", where=f"{path}:{root.lines['package']}", why=why, how=_REGENERATE)


def _packages(root: Block, path: str, errors: list[ReprocheckError]) -> Iterator[LockedPackage]:
    for index, entry in enumerate(root.items("package")):
        fault = _fault(entry)
        if isinstance(entry, Block) and fault is None:
            yield _package(entry)
            continue
        line = entry.line if isinstance(entry, Block) else root.lines["package"]
        where = f"{path}:{line}, package[{index}]"
        errors.append(InputError("package entry is broken", where=where, why=fault or "", how=_REGENERATE))


def _fault(entry: Value) -> str | None:
    if not isinstance(entry, Block):
        return "an entry should be a mapping"
    absent = next((key for key in _NEEDED if entry.text(key) is None), None)
    if absent:
        return f"`{absent}` is missing or empty"
    if entry.values["manager"] not in ("conda", "pip"):
        return f"`manager` should be `conda` or `pip`, not `{entry.values['manager']}`"
    return None


def _package(entry: Block) -> LockedPackage:
    values, hashes = entry.values, entry.block("hash")
    needed = {key: entry.text(key) or "" for key in _NEEDED}
    manager: Manager = "conda" if needed["manager"] == "conda" else "pip"
    build, channel = read_conda_url(needed["url"]) if manager == "conda" else (None, None)
    return LockedPackage(
        name=needed["name"],
        version=needed["version"],
        manager=manager,
        platform=needed["platform"],
        dependencies=tuple(
            (name, value if isinstance(value, str) else "")
            for name, value in entry.block("dependencies").values.items()
        ),
        url=needed["url"],
        md5=_lower(hashes.text("md5")),
        sha256=_lower(hashes.text("sha256")),
        category=entry.text("category") or "main",
        optional=values.get("optional") == "true",
        build=build,
        channel=channel,
        line=entry.line,
    )


def _channels(metadata: Block) -> Iterator[str]:
    for item in metadata.items("channels"):
        url = item.text("url") if isinstance(item, Block) else item
        if isinstance(url, str):
            yield url


def _texts(items: list[Value]) -> Iterator[str]:
    return (item for item in items if isinstance(item, str))


def _pairs(block: Block) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in block.values.items() if isinstance(value, str)))


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()

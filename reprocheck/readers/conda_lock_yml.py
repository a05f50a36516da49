"""Read a conda-lock.yml (format version 1) into the model, every package with its line.

Lenient where real files are: `optional` and `category` may be missing, hashes may be partial. Strict where
silence would mislead: version, and the five fields without which an entry names no package.

Source: conda-lock 4, conda_lock/lockfile/v1/models.py; CEP-less format, so its code is the authority.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.locks import Lock, LockedPackage, Manager
from reprocheck.readers.plain_blocks import Block, Irregular, Value, blocks_of, scan_blocks
from reprocheck.readers.yaml_events import decode_text, parse_yaml

LARGEST_LOCK_BYTES = 64 << 20
MOST_LOCK_NODES = 5_000_000
MOST_FAULTS_TOLD = 10

_REGENERATE = "write it anew with `reprocheck lock`"
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_ARCHIVE = re.compile(r"\.(?:conda|tar\.bz2)$")
_NEEDED = ("name", "version", "manager", "platform", "url")
_PATH_IS_CHANNEL = ("conda.anaconda.org", "repo.anaconda.com", "prefix.dev", "repo.prefix.dev")


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
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "cannot read the lock file",
            where=str(path),
            why=(error.strerror or type(error).__name__).lower(),
            how="write one with `reprocheck lock`, or name an existing file with `--lockfile`",
        ) from error


def parse_lock(data: bytes, path: str) -> Lock:
    """Return the model of the bytes of a lock file; raises as `read_lock`."""
    text = decode_text(data, path, LARGEST_LOCK_BYTES)
    try:
        root: Value = scan_blocks(text)
    except Irregular:
        root = _read_slowly(text, path)
    if not isinstance(root, Block) or not root.values:
        why = "it should hold `version`, `metadata` and `package`"
        raise InputError("lock file is empty", where=f"{path}:1", why=why, how=_REGENERATE)
    return lift_lock(root, path)


def _read_slowly(text: str, path: str) -> Value:
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise ConflictedLockError(
            "conflict marker in the lock file",
            where=f"{path}:{line}:1",
            why="a merge was left unfinished, and a lock cannot be merged by hand",
            how="run `reprocheck lock`, which writes it anew",
        )
    node = parse_yaml(text, path, most_nodes=MOST_LOCK_NODES)
    return "" if node is None else blocks_of(node)


def lift_lock(root: Block, path: str) -> Lock:
    """Return the lock that the mapping `root` describes; raises as `read_lock`."""
    _check_head(root, path)
    errors: list[ReprocheckError] = []
    packages = tuple(_packages(root, path, errors))
    raise_gathered(errors[:MOST_FAULTS_TOLD])
    metadata = root.block("metadata")
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


def read_conda_url(url: str) -> tuple[str | None, str | None]:
    """Return build string and channel name of a conda package's URL, None for what it does not tell.

    The channel is what conda shows: the path on the public hosts, elsewhere the last part of the path (with
    `label/…` or `pkgs/…` where they belong to it).
    """
    folder, _, name = url.partition("#")[0].partition("?")[0].rpartition("/")
    stem, archives = _ARCHIVE.subn("", unquote(name) if "%" in name else name)
    pieces = stem.rsplit("-", 2)
    return (pieces[2] if archives and len(pieces) == 3 else None), _channel_name(folder)


@functools.lru_cache(maxsize=256)
def _channel_name(folder: str) -> str | None:
    """Return the channel of the packages in `folder`, which ends in the platform."""
    parts = urlsplit(folder)
    folders = [piece for piece in unquote(parts.path).split("/") if piece][:-1]
    if folders[:1] == ["t"]:
        folders = folders[2:]
    if parts.hostname in _PATH_IS_CHANNEL:
        return "/".join(folders) or None
    kept = 3 if folders[-2:-1] == ["label"] else 2 if folders[-2:-1] == ["pkgs"] else 1
    return "/".join(folders[-kept:]) or None


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

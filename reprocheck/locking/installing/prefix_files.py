"""How files of a prefix are read, replaced and removed: no link is followed, and what fails says how to go on."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from reprocheck.errors import InputError, UndecidedError, system_reason
from reprocheck.model.prefixes import OwnedFile
from reprocheck.readers.prefixes.file_hashes import Job, hash_file
from reprocheck.readers.prefixes.json_documents import Document, parse_json
from reprocheck.readers.prefixes.regular_files import read_regular

_SCRATCH = ".reprocheck-scratch-"


@contextlib.contextmanager
def cannot_write(root: Path) -> Iterator[None]:
    """Turn what the system says of a prefix that cannot be written to into an error that says how to go on."""
    try:
        yield
    except OSError as error:
        raise UndecidedError(
            "the prefix cannot be written to",
            where=str(error.filename or root),
            why=system_reason(error),
            how="make room, or make the folder writable, and run again: `create` goes on from there",
        ) from error


def read_document(path: Path) -> Document | None:
    """Return what a JSON file holds, None where there is no mapping that can be read."""
    try:
        data = read_regular(path)
        return None if data is None else parse_json(data)
    except InputError:
        return None


def seen_at(path: Path) -> str:
    """Return the SHA-256 of a regular file, or in a word why it has none; nothing else is opened."""
    hashed = hash_file(Job("", str(path), 0), lambda _read_bytes: True)
    return "unreadable" if hashed is None else hashed.sha256 or hashed.state


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Replace a file, or a link to one, whole or not at all.

    The disk is not waited for: what installers wrote beside it is on its way there too, and hundreds would crawl.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".reprocheck.tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_whole(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; links inside are removed, never followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_inside(root: str, path: Path | str) -> bool:
    """Say whether a path lies in the folder `root`, which has no links any more, after every link is followed."""
    real = os.path.realpath(path)
    return real == root or real.startswith(os.path.join(root, ""))  # noqa: PTH118  (its `/` at the end stays)


def bytecode_of(root: Path, files: Iterable[OwnedFile]) -> Iterator[Path]:
    """Yield what Python compiled of the modules among `files`; no record tells, and links are not followed."""
    stems: dict[Path, set[str]] = {}
    for path in (root / file.path for file in files if file.path.endswith(".py")):
        stems.setdefault(path.parent / "__pycache__", set()).add(path.stem)
    for folder in sorted(stems):
        for path in () if folder.is_symlink() else entries(folder):
            if path.suffix == ".pyc" and path.name.split(".")[0] in stems[folder]:
                yield path


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted; nothing where it is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextlib.contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Have a folder for credentials that programs want in files; only the user may look into it.

    It lies in the prefix, so that what a killed run leaves goes with the prefix, or by the next run.
    """
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=root, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def is_scratch(name: str) -> bool:
    """Say whether a run that was killed left this in the prefix."""
    return name.startswith(_SCRATCH)

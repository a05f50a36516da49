"""Read RECORD and `installed-files.txt`: which files an installed Python project says are its own.

Sources: PyPA "Recording installed projects", RECORD (paths relative to the folder around the dist-info, digests as
unpadded urlsafe base64); setuptools, `installed-files.txt` (relative to the egg-info).
"""

from __future__ import annotations

import binascii
import csv
import io
from collections.abc import Iterable, Iterator

from reprocheck.model.prefixes import OwnedFile
from reprocheck.readers.prefixes.listed_paths import path_inside

_ALGORITHM = "sha256="
_DIGEST_BYTES = 32

Row = tuple[str, str, str]


class Listing:
    """The rows of one RECORD as files; those that lead out of the prefix are kept apart in `refused`.

    `roots` are the names of the prefix itself, since pip lists by its whole path what lies on another drive or was
    asked for so.
    """

    def __init__(self, folder: str, roots: tuple[str, ...], windows: bool) -> None:
        self._folder, self._roots, self._windows = folder, roots, windows
        self.refused: list[str] = []

    def files(self, rows: Iterable[Row]) -> tuple[OwnedFile, ...]:
        """Return each path once, in the order of the rows, with the digest of the first row that has one."""
        found: dict[str, OwnedFile] = {}
        for listed, digest, size in rows:
            path = self._inside(listed)
            if path is None:
                self.refused.append(listed)
                continue
            known = found.get(path)
            if known is None or known.sha256 is None:
                found[path] = _file(path, digest, size)
        return tuple(found.values())

    def _inside(self, listed: str) -> str | None:
        path = path_inside(listed, self._folder, windows=self._windows)
        return path or self._below_a_root(listed)

    def _below_a_root(self, listed: str) -> str | None:
        plain = listed.replace("\\", "/") if self._windows else listed
        inside = (plain[len(root) + 1 :] for root in self._roots if plain.startswith(f"{root}/"))
        return next((path_inside(path) for path in inside), None)


def _file(path: str, digest: str, size: str) -> OwnedFile:
    sha256 = _sha256(digest)
    if "__pycache__/" in path or (sha256 is None and path.endswith(".pyc")):
        return OwnedFile(path, "bytecode")
    return OwnedFile(path, "file", sha256, int(size) if size.isascii() and size.isdigit() else None)


def _sha256(digest: str) -> str | None:
    if not digest.startswith(_ALGORITHM):
        return None
    plain = digest[len(_ALGORITHM) :].replace("-", "+").replace("_", "/")
    try:
        raw = binascii.a2b_base64(f"{plain}=")
    except ValueError:
        return None
    return raw.hex() if len(raw) == _DIGEST_BYTES else None


def rows_of(data: bytes) -> Iterator[Row]:
    """Yield path, digest and size of every row that names a path.

    Raises:
        ValueError: not UTF-8, or no table.
    """
    text = data.decode("utf-8-sig")
    if '"' not in text:
        rows = (line.rstrip("\r").split(",") for line in text.split("\n"))
        yield from (_row(fields) for fields in rows if fields[0])
        return
    try:
        yield from (_row(fields) for fields in csv.reader(io.StringIO(text, newline="")) if fields and fields[0])
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _row(fields: list[str]) -> Row:
    path, digest, size = (*fields, "", "")[:3]
    return path, digest, size


def rows_of_names(data: bytes) -> Iterator[Row]:
    """Yield the paths of an `installed-files.txt`, which tells no digests.

    Raises:
        ValueError: not UTF-8.
    """
    return ((line.strip(), "", "") for line in data.decode("utf-8-sig").splitlines() if line.strip())

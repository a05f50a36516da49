"""What stands beside an installed distribution: are its files those of its RECORD, and which archive were they from.

uv checks the hash of an archive when it fetches it, and unpacks from its cache ever after; a byte that was changed
there, through another environment with hard links into it, would come back. So the files are held against RECORD.

uv writes no hash of the archive: nothing at all for a file of an index, `"archive_info": {}` for an address. It is
added here, so that an audit can tell which file of one version is installed.

Source: PyPA "Recording installed projects" (RECORD, direct_url.json); PEP 710 (provenance_url.json).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url

PROVENANCE = "provenance_url.json"
DIRECT_URL = "direct_url.json"
UNNAMED = re.compile(r"\.tmp\w{6}")  # what uv 0.13.9, killed in the middle, has not yet given its name
_BLOCK_BYTES = 1 << 20

Json = Mapping[str, object]


def dist_infos(site_packages: Sequence[Path]) -> dict[str, Path]:
    """Return the `*.dist-info` folders by normalised name; what cannot be listed holds none."""
    found: dict[str, Path] = {}
    for folder in site_packages:
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
        found.update({normalise_name(path.name.split("-")[0]): path for path in paths if _is_dist_info(path.name)})
    return found


def _is_dist_info(name: str) -> bool:
    return name.endswith(".dist-info") and not name.startswith("~")


def is_whole(dist_info: Path) -> bool:
    """Say whether an installer came to its end: pip and uv list their own INSTALLER last of all."""
    installer = dist_info / "INSTALLER"
    if not (dist_info / "METADATA").is_file() or not installer.is_file():
        return False
    listed = {path for path, _ in _rows(dist_info) or []}
    return f"{dist_info.name}/INSTALLER" in listed or installer.read_bytes().strip() == b"conda"


def broken_files(dist_info: Path) -> tuple[str, ...]:
    """Return the paths of RECORD whose bytes are not as it says, sorted; without a RECORD, its own path."""
    site = dist_info.parent
    rows = _rows(dist_info)
    if rows is None:
        return (f"{dist_info.name}/RECORD",)
    return tuple(sorted(path for path, digest in rows if digest and not _holds(site / path, digest)))


def _rows(dist_info: Path) -> list[tuple[str, str]] | None:
    try:
        text = (dist_info / "RECORD").read_text(encoding="utf-8")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (OSError, ValueError, csv.Error):
        return None
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


def _holds(path: Path, digest: str) -> bool:
    algorithm, _, expected = digest.partition("=")
    if algorithm not in ("sha256", "sha384", "sha512"):
        return True
    try:
        with path.open("rb", buffering=0) as stream:
            found = hashlib.file_digest(stream, algorithm).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == expected.rstrip("=")


def remove_unnamed(dist_info: Path) -> None:
    """Remove what an earlier, interrupted uv left in the folders of a distribution.

    Raises:
        OSError: something cannot be removed.
    """
    site = dist_info.parent
    folders = {path.rpartition("/")[0] for path, _ in _rows(dist_info) or [] if not path.startswith(("/", ".."))}
    for folder in sorted(folders):
        for path in sorted((site / folder).glob(".tmp*")):
            if UNNAMED.fullmatch(path.name) and path.is_file():
                path.unlink()


def note_archive(dist_info: Path, package: LockedPackage) -> None:
    """Write the URL and the sha256 of the archive beside an installed distribution; nothing for a repository.

    Raises:
        OSError: the folder cannot be written to.
    """
    if not package.sha256:
        return
    archive = {"hashes": {"sha256": package.sha256}}
    direct = _read(dist_info / DIRECT_URL)
    if direct is None:
        _write(dist_info, PROVENANCE, {"archive_info": archive, "url": public_url(package.url)})
    elif "archive_info" in direct:
        _write(dist_info, DIRECT_URL, {**direct, "archive_info": archive})


def noted_sha256(dist_info: Path) -> str | None:
    """Return the sha256 of the archive that a distribution was installed from, None where nothing tells."""
    for name in (PROVENANCE, DIRECT_URL):
        document = _read(dist_info / name) or {}
        match document.get("archive_info"):
            case {"hashes": {"sha256": str(digest)}}:
                return digest.lower()
            case {"hash": str(digest)} if digest.startswith("sha256="):
                return digest.removeprefix("sha256=").lower()
    return None


def _read(path: Path) -> Json | None:
    """Return a JSON object, None where there is none."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _write(dist_info: Path, name: str, document: Json) -> None:
    """Write the row of RECORD and then the document: who ends in between leaves a package that lacks a file."""
    data = json.dumps(document, sort_keys=True).encode()
    record = dist_info / "RECORD"
    own = f"{dist_info.name}/{name}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    with record.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row and row[0] != own]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(sorted([*rows, [own, f"sha256={digest}", str(len(data))]]))
    _replace(record, text.getvalue().encode())
    _replace(dist_info / name, data)


def _replace(path: Path, data: bytes) -> None:
    """Write whole or not at all. The disk is not waited for: uv does not either, and hundreds of these would crawl."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(name).chmod((path.parent / "RECORD").stat().st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

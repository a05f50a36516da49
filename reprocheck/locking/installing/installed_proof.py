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
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.locking.installing.prefix_files import entries, is_inside, read_document, replace_file, seen_at
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.prefixes.listed_paths import path_inside
from reprocheck.readers.prefixes.record_rows import rows_of

PROVENANCE = "provenance_url.json"
DIRECT_URL = "direct_url.json"
UNNAMED = re.compile(r"\.tmp\w{6}")  # what uv 0.13.9, killed in the middle, has not yet given its name
_HEX_LENGTH = 64


def dist_infos(site_packages: Sequence[Path]) -> dict[str, Path]:
    """Return the `*.dist-info` folders by normalised name; what cannot be listed holds none."""
    found: dict[str, Path] = {}
    for folder in site_packages:
        paths = [path for path in entries(folder) if re.fullmatch(r"[^~].*\.dist-info", path.name)]
        found.update({normalise_name(path.name.split("-")[0]): path for path in paths})
    return found


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
        return [(path, digest) for path, digest, _ in rows_of((dist_info / "RECORD").read_bytes())]
    except (OSError, ValueError):
        return None


def _holds(path: Path, digest: str) -> bool:
    found = seen_at(path) if digest.startswith("sha256=") else ""
    return not found or (len(found) == _HEX_LENGTH and _row_digest(bytes.fromhex(found)) == digest.rstrip("="))


def _row_digest(digest: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def remove_unnamed(dist_info: Path) -> None:
    """Remove what an earlier, interrupted uv left in the folders of a distribution.

    Raises:
        OSError: something cannot be removed.
    """
    site = dist_info.parent
    inside = (path_inside(path) for path, _ in _rows(dist_info) or [])
    for folder in sorted({site / path.rpartition("/")[0] for path in inside if path}):
        for path in entries(folder) if is_inside(os.path.realpath(site), folder) else ():
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
    direct = read_document(dist_info / DIRECT_URL)
    if direct is None:
        _write(dist_info, PROVENANCE, {"archive_info": archive, "url": public_url(package.url)})
    elif "archive_info" in direct:
        _write(dist_info, DIRECT_URL, {**direct, "archive_info": archive})


def noted_sha256(dist_info: Path) -> str | None:
    """Return the sha256 of the archive that a distribution was installed from, None where nothing tells."""
    for name in (PROVENANCE, DIRECT_URL):
        match (read_document(dist_info / name) or {}).get("archive_info"):
            case {"hashes": {"sha256": str(digest)}}:
                return digest.lower()
            case {"hash": str(digest)} if digest.startswith("sha256="):
                return digest.removeprefix("sha256=").lower()
    return None


def _write(dist_info: Path, name: str, document: Mapping[str, object]) -> None:
    """Write the row of RECORD and then the document: who ends in between leaves a package that lacks a file."""
    data = json.dumps(document, sort_keys=True).encode()
    record, own = dist_info / "RECORD", f"{dist_info.name}/{name}"
    rows = [row for row in rows_of(record.read_bytes()) if row[0] != own]
    rows.append((own, _row_digest(hashlib.sha256(data).digest()), str(len(data))))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    mode = record.stat().st_mode & 0o777
    replace_file(record, text.getvalue().encode(), mode)
    replace_file(dist_info / name, data, mode)

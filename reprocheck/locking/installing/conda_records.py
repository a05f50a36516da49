"""Complete the records that rattler wrote into `conda-meta`: what the package itself tells and no lock holds.

A lock names dependencies at most; whoever looks at the prefix later (a solver, `conda list`) also wants constraints,
the license, `noarch`. The unpacked package has them in `info/index.json`, as a channel would have told
them. Order of entries and mode are made the same for every run: rattler writes them for the user alone, as threads end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from reprocheck.locking.installing.cache_check import cached_folder
from reprocheck.locking.installing.prefix_files import cannot_write, read_document, replace_file
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.prefixes.json_documents import Document

_TOLD_BY_THE_PACKAGE = (
    "build_number",
    "constrains",
    "features",
    "license",
    "license_family",
    "noarch",
    "python_site_packages_path",
    "timestamp",
    "track_features",
)


def complete_records(root: Path, cache: Path, packages: Iterable[LockedPackage], plain: Mapping[str, str]) -> None:
    """Rewrite the records of `packages` where there is something to add, each whole or not at all.

    Raises:
        UndecidedError: the folder cannot be written to.
    """
    for package in packages:
        path = root / "conda-meta" / f"{cached_folder(cache, package).name}.json"
        record = read_document(path)
        if record is not None:
            told = read_document(cached_folder(cache, package) / "info" / "index.json") or {}
            completed = _completed(record, told, plain[package.url])
            data = f"{json.dumps(completed, sort_keys=True)}\n".encode()  # indented it takes ten times as long
            with cannot_write(root):
                if path.read_bytes() != data:
                    replace_file(path, data, 0o644)


def _completed(record: Document, told: Document, url: str) -> Document:
    added = {key: told[key] for key in _TOLD_BY_THE_PACKAGE if key in told}
    if not record.get("depends"):  # an explicit file names none; the others have what the channel has corrected since
        added["depends"] = told.get("depends", [])
    address = {"url": url, "channel": url.rsplit("/", 2)[0]}
    return {**record, **added, **address, **_in_order(record)}


def _in_order(record: Document) -> Document:
    """Return the lists of files, sorted."""
    found: dict[str, object] = {}
    match record:
        case {"files": [*files]}:
            found["files"] = sorted(map(str, files))
    match record:
        case {"paths_data": {"paths": [*paths], **rest}}:
            found["paths_data"] = {**rest, "paths": sorted(paths, key=_path)}
    return found


def _path(entry: object) -> str:
    return str(entry.get("_path")) if isinstance(entry, dict) else ""

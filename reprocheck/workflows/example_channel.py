"""The channel of the packaged example made real: a small archive behind each of its records.

A `.tar.bz2` package is what the standard library can write. It holds one file, a stand-in of a line of text: a library,
or the module of a `noarch: python` package. The same record gives the same bytes.

Source: docs.conda.io, "Conda package specification" (`info/index.json`, `info/paths.json`, `info/link.json`).
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LIBRARIES = {"linux": "lib/{}.so", "osx": "lib/{}.dylib", "win": "Library/bin/{}.dll"}
_INDEX_KEYS = ("name", "version", "build", "build_number", "depends", "constrains", "subdir", "noarch", "license")

Record = Mapping[str, Any]


def make_channel(records: Path, channel: Path) -> None:
    """Write `channel` anew: the archives of the records in `records/SUBDIR/repodata.json`, and their repodata."""
    for source in sorted(records.glob("*/repodata.json")):
        document = json.loads(source.read_text(encoding="utf-8"))
        folder = channel / source.parent.name
        folder.mkdir(parents=True)
        packages = dict(_write_archive(folder, record) for record in document["packages.conda"].values())
        text = json.dumps({**document, "packages": packages, "packages.conda": {}}, indent=1)
        (folder / source.name).write_text(text, encoding="utf-8")


def _write_archive(folder: Path, record: Record) -> tuple[str, Record]:
    """Return the name of the file, and the record with its size and hashes."""
    name = f"{record['name']}-{record['version']}-{record['build']}.tar.bz2"
    data = _archive(record)
    (folder / name).write_bytes(data)
    digests = {kind: hashlib.new(kind, data, usedforsecurity=False).hexdigest() for kind in ("md5", "sha256")}
    return name, {**record, **digests, "size": len(data)}


def _archive(record: Record) -> bytes:
    path, data = _path_of(record), f"a stand-in for {record['name']} {record['version']}\n".encode()
    entry = {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest()}
    documents: dict[str, object] = {
        "index": {key: record[key] for key in _INDEX_KEYS if key in record},
        "paths": {"paths": [{**entry, "size_in_bytes": len(data)}], "paths_version": 1},
    }
    if record.get("noarch") == "python":
        documents["link"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
    files = {f"info/{name}.json": json.dumps(document).encode() for name, document in documents.items()}
    return _packed({**files, "info/files": f"{path}\n".encode(), path: data})


def _path_of(record: Record) -> str:
    """Return where the one file of a package lies; rattler puts Python's folder before `site-packages`."""
    name = str(record["name"])
    match record.get("noarch"):
        case "python":
            return f"site-packages/{name.replace('-', '_')}/__init__.py"
        case "generic":
            return f"share/{name}/version"
        case _:
            library = name if name.startswith("lib") else f"lib{name}"
            return _LIBRARIES[record["subdir"].partition("-")[0]].format(library)


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)  # of no date and no owner
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()

"""Whose is a metadata folder that conda lists: conda's still, or that of whoever replaced the project?

conda packages hold wheels that were installed while the package was built. INSTALLER says `conda` in most, but `pip`
where nobody wrote it anew. pip and uv, when they replace such a project, leave conda's record as it is; where the
version stays the same, so does the folder's name. So, where a conda record lists a folder's METADATA or PKG-INFO:

* INSTALLER is missing or says `conda`: it is conda's, for pip and uv always write their own name;
* else it is conda's only if each of INSTALLER, RECORD, REQUESTED and `direct_url.json` that is there is listed by
  conda too, with the bytes that lie there where the record tells a digest: whoever installs a wheel writes RECORD
  anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from reprocheck.model.prefixes import CondaRecord, OwnedFile
from reprocheck.readers.prefixes.metadata_folders import MetadataFolder

_WRITTEN_ANEW = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")

Listed = Mapping[str, tuple[CondaRecord, OwnedFile]]


def listed_metadata(records: Iterable[CondaRecord]) -> Listed:
    """Return which record lists a file of a metadata folder, and what it expects there; the first record counts."""
    found: dict[str, tuple[CondaRecord, OwnedFile]] = {}
    for record in records:
        for file in record.files:
            if "-info" in file.path or "EGG-INFO" in file.path:
                found.setdefault(file.path, (record, file))
    return found


def owner_of(folder: MetadataFolder, installer: str | None, listed: Listed) -> str | None:
    """Return the path of the conda record whose project lies in `folder`, None where it is nobody's or pip's."""
    if folder.main not in listed:
        return None
    record = listed[folder.main][0]
    if installer in (None, "conda") or all(_is_as_listed(folder, name, listed) for name in _WRITTEN_ANEW):
        return record.record
    return None


def _is_as_listed(folder: MetadataFolder, name: str, listed: Listed) -> bool:
    data = folder.read(name)
    if data is None:
        return True
    told = listed.get(f"{folder.path}/{name}")
    return told is not None and told[1].sha256 in (None, hashlib.sha256(data).hexdigest())


def is_of_conda(folder: MetadataFolder, name: str, listed: Listed) -> bool:
    """Say whether a file of a folder is what conda's package brought: who replaces a project may leave it there."""
    told = listed.get(f"{folder.path}/{name}")
    data = folder.read(name) if told and told[1].sha256 else None
    return told is not None and data is not None and told[1].sha256 == hashlib.sha256(data).hexdigest()

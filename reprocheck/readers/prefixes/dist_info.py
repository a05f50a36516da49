"""Read `*.dist-info`, `*.egg-info` and eggs: which Python projects are installed, by whom, and from where.

A project of conda's has no origin and no files: what its `direct_url.json` names is the folder in which the package
was built, and conda's record lists its files with their digests after the installation.

Source: PyPA "Recording installed projects", read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from reprocheck.errors import InputError
from reprocheck.model.prefixes import CondaRecord, Distribution, Fault, Origin, OwnedFile
from reprocheck.readers.prefixes.direct_url import parse_direct_url
from reprocheck.readers.prefixes.editable_links import linked_folders, read_linked
from reprocheck.readers.prefixes.listed_paths import printable, why_refused
from reprocheck.readers.prefixes.metadata import held, parse_metadata, parse_requires_txt
from reprocheck.readers.prefixes.metadata_folders import MetadataFolder, metadata_folders
from reprocheck.readers.prefixes.ownership import Listed, is_of_conda, listed_metadata, owner_of
from reprocheck.readers.prefixes.packed import without_scripts
from reprocheck.readers.prefixes.record_rows import Listing, rows_of, rows_of_names
from reprocheck.readers.prefixes.regular_files import read_regular
from reprocheck.readers.prefixes.wheel_facts import parse_tags, parse_torch_cuda
from reprocheck.readers.requires_dist import MarkerTarget

_DIRECT_URL = "direct_url.json"
_LEFT_BEHIND = "was left behind by pip, which was interrupted while it replaced or removed the project"


class Place(NamedTuple):
    """Where projects are looked for: below `root`, in its `site_packages`, for the Python of `target`.

    `packed` where conda-pack has moved the environment.
    """

    root: Path
    site_packages: tuple[str, ...]
    target: MarkerTarget
    packed: bool = False


def read_distributions(place: Place, records: Iterable[CondaRecord], faults: list[Fault]) -> tuple[Distribution, ...]:
    """Return every project of the environment, sorted by path; what cannot be read is added to `faults`."""
    listed = listed_metadata(records)
    folders = metadata_folders(place.root, place.site_packages, faults)
    found = [item for folder in folders if (item := _read(folder, place, listed)) is not None]
    found += read_linked(place.root, place.site_packages, faults)
    return tuple(sorted(found, key=lambda item: item.record))


def _read(folder: MetadataFolder, place: Place, listed: Listed) -> Distribution | None:
    if folder.path.rpartition("/")[2].startswith("~"):
        folder.faults.append(Fault(folder.path, _LEFT_BEHIND))
        return None
    data = folder.read_main()
    if data is None:
        return None
    metadata = parse_metadata(data)
    if metadata is None:
        folder.faults.append(Fault(folder.main, "names no project, or no version"))
        return None
    installer = _installer(folder)
    owner = owner_of(folder, installer, listed)
    files = () if owner else _files(folder, place)
    return Distribution(
        name=metadata.name,
        version=metadata.version,
        installer=installer,
        origin=None if owner or is_of_conda(folder, _DIRECT_URL, listed) else _origin(folder, files),
        owner=owner,
        dependencies=held(metadata.requires or _egg_requires(folder), place.target),
        files=files,
        record=folder.path,
        tags=() if owner else parse_tags(folder.read("WHEEL") or b""),
        cuda=None if owner or metadata.name != "torch" else _torch_cuda(folder),
    )


def _installer(folder: MetadataFolder) -> str | None:
    words = (folder.read("INSTALLER") or b"").decode("utf-8", "replace").split(maxsplit=1)
    return printable(words[0]) if words else None


def _torch_cuda(folder: MetadataFolder) -> str | None:
    """Return the CUDA that torch was built for, as far as it tells."""
    try:
        data = read_regular(f"{folder.root}/{folder.site_packages}/torch/version.py")
    except InputError:
        return None  # the inspection of its files tells what is wrong with it
    return parse_torch_cuda(data or b"")


def _egg_requires(folder: MetadataFolder) -> tuple[str, ...]:
    if folder.path.endswith(".dist-info"):
        return ()
    return parse_requires_txt(folder.read("requires.txt") or b"")


def _files(folder: MetadataFolder, place: Place) -> tuple[OwnedFile, ...]:
    is_egg = not folder.path.endswith(".dist-info")
    name = "installed-files.txt" if is_egg else "RECORD"
    data = folder.read(name)
    if data is None:
        return ()
    listing = Listing(folder.path if is_egg else folder.site_packages, _roots(place), _on_windows(place))
    try:
        files = listing.files(rows_of_names(data) if is_egg else rows_of(data))
    except ValueError:
        folder.faults.append(Fault(f"{folder.path}/{name}", "is no table in UTF-8"))
        return ()
    if listing.refused:
        folder.faults.append(Fault(f"{folder.path}/{name}", why_refused(listing.refused)))
    return without_scripts(files) if place.packed else files


def _roots(place: Place) -> tuple[str, ...]:
    """Return the names under which whole paths may mean the prefix."""
    return tuple(sorted({place.root.absolute().as_posix(), place.root.resolve().as_posix()}))


def _on_windows(place: Place) -> bool:
    return place.target.platform.startswith("win-")


def _origin(folder: MetadataFolder, files: tuple[OwnedFile, ...]) -> Origin | None:
    data = folder.read(_DIRECT_URL)
    if data is not None:
        try:
            return parse_direct_url(data)
        except InputError as error:
            folder.faults.append(Fault(f"{folder.path}/{_DIRECT_URL}", error.why))
            return None
    hook = next((file.path for file in files if "/__editable__" in file.path and file.path.endswith(".pth")), None)
    if hook is None:
        return None
    folders = linked_folders(folder.root, hook, folder.faults)
    return Origin("editable", folders[0] if folders else "")

"""Read `.egg-link` and `easy-install.pth`: projects that setuptools put in by a link to their sources.

The sources lie outside the environment and are not read, so their version stays unknown.

Source: setuptools, "Development Mode" (`develop`); docs.python.org, "site" (`.pth` files).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from reprocheck.model.prefixes import UNKNOWN_VERSION, Distribution, Fault, Origin
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.prefixes.listed_paths import printable
from reprocheck.readers.prefixes.regular_files import lines_or_fault, names_if_readable

_SUFFIX = ".egg-link"
_PATHS = "easy-install.pth"
_OTHER = re.compile(r"#|\.|import\s|.*\.egg$")  # comments, what lies beside it, code, and eggs


def read_linked(root: Path, site_packages: Iterable[str], faults: list[Fault]) -> list[Distribution]:
    """Return the projects that are linked; what cannot be read is added to `faults`."""
    return [item for site in site_packages for item in _linked(root, site, faults)]


def _linked(root: Path, site: str, faults: list[Fault]) -> Iterator[Distribution]:
    names = names_if_readable(root, site)  # who lists the folder for its metadata tells where it cannot be
    known = set()
    for name in names:
        if name.endswith(_SUFFIX):
            folders = linked_folders(root, f"{site}/{name}", faults)[:1]
            known.update(folders)
            yield _editable(name.removesuffix(_SUFFIX), f"{site}/{name}", "".join(folders))
    if _PATHS in names:
        for folder in linked_folders(root, f"{site}/{_PATHS}", faults):
            if folder not in known:
                yield _editable(_name_of(folder), f"{site}/{_PATHS}", folder)


def linked_folders(root: Path, path: str, faults: list[Fault]) -> list[str]:
    """Return the folders outside that a `.pth` or `.egg-link` puts on Python's path, in its order."""
    lines = (line.strip() for line in lines_or_fault(root, path, faults))
    return [public_url(printable(line)) for line in lines if line and not _OTHER.match(line)]


def _name_of(folder: str) -> str:
    """Return the name that a folder of sources suggests: its own, or that of the folder around `src`."""
    path = PurePosixPath(folder.replace("\\", "/"))
    return path.parent.name if path.name == "src" else path.name


def _editable(name: str, record: str, folder: str) -> Distribution:
    return Distribution(
        name=normalise_name(name),
        version=UNKNOWN_VERSION,
        installer=None,
        origin=Origin("editable", folder),
        owner=None,
        dependencies=(),
        files=(),
        record=record,
    )

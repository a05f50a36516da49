"""The folders in which Python's projects keep their metadata, and the files in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from reprocheck.errors import InputError
from reprocheck.model.prefixes import Fault
from reprocheck.readers.prefixes.environment_folders import is_file, is_folder
from reprocheck.readers.prefixes.regular_files import names_or_fault, read_regular


class MetadataFolder(NamedTuple):
    """A `*.dist-info`, an `*.egg-info`, or the `EGG-INFO` of an egg: `path` below `root`, found in `site_packages`.

    What cannot be read is added to `faults`.
    """

    root: Path
    site_packages: str
    path: str
    faults: list[Fault]

    @property
    def main(self) -> str:
        """Return the path of METADATA or PKG-INFO; an `.egg-info` that distutils wrote is a file and holds it."""
        if self.path.endswith(".dist-info"):
            return f"{self.path}/METADATA"
        alone = self.path.endswith(".egg-info") and is_file(self.root / self.path)
        return self.path if alone else f"{self.path}/PKG-INFO"

    def read(self, name: str) -> bytes | None:
        """Return a file of the folder, None where there is none or it cannot be read."""
        path = f"{self.path}/{name}"
        try:
            return read_regular(f"{self.root}/{path}")
        except InputError as error:
            self.faults.append(Fault(path, error.why))
            return None

    def read_main(self) -> bytes | None:
        """Return METADATA or PKG-INFO, None with a fault where there is none."""
        path = self.main
        try:
            data = read_regular(f"{self.root}/{path}")
            why = f"has no {path.rpartition('/')[2]}: the project was removed but for this folder"
        except InputError as error:
            data, why = None, error.why
        if data is None:
            self.faults.append(Fault(self.path, why))
        return data


def metadata_folders(root: Path, site_packages: Iterable[str], faults: list[Fault]) -> Iterator[MetadataFolder]:
    """Yield the folders of every project, sorted within each of `site_packages`."""
    for site in site_packages:
        for name in names_or_fault(root, site, faults):
            if name.endswith((".dist-info", ".egg-info")):
                yield MetadataFolder(root, site, f"{site}/{name}", faults)
            elif name.endswith(".egg") and is_folder(root / site / name / "EGG-INFO"):
                yield MetadataFolder(root, site, f"{site}/{name}/EGG-INFO", faults)

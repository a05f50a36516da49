"""Look at what a package lists before rattler links it: nothing may come to lie outside of the prefix.

rattler 0.28.0 links what `info/paths.json` lists, `../…` too, and ends the process for `/…` (tried); it panics where
`info/index.json` has another name than the lock. Folders of a prefix that are links are followed by everybody who
writes there, so that a source tree that somebody has linked into `site-packages` would be written over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError
from reprocheck.locking.installing.cache_check import cached_folder, drop_cached
from reprocheck.locking.installing.install_progress import InstallCounts
from reprocheck.locking.installing.prefix_files import is_inside, read_document
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.prefixes.listed_paths import path_inside, shown
from reprocheck.readers.prefixes.regular_files import read_regular

_OF_NOARCH = "site-packages/"
_MARKS = re.compile(r"conda-meta/(?:reprocheck-|[^/]*\.json$)")


class PackageGuard(InstallCounts):
    """Counts, and holds every package against the prefix before its files are linked.

    What may not be linked is taken out of the cache, so that rattler stops there; `refused` says why.
    """

    def __init__(
        self, progress: Callable[[str], None], root: Path, cache: Path, packages: Iterable[LockedPackage]
    ) -> None:
        super().__init__(progress)
        self.root = root
        self.cache = cache
        self.by_name: Mapping[str, LockedPackage] = {package.name: package for package in packages}
        self.refused: dict[str, ReprocheckError] = {}

    def tell(self) -> None:
        """Raise what was refused, the first by name."""
        for name in sorted(self.refused):
            raise self.refused[name]

    def on_link_start(self, _operation: int, package_name: str) -> int:
        """Look at a package; called from rattler's threads, where nothing may be raised."""
        package = self.by_name.get(package_name)
        folder = cached_folder(self.cache, package) if package else None
        try:
            if package and folder:
                refuse_package(self.root, folder, package)
        except ReprocheckError as error:
            self.refused[package_name] = error
        if folder and package_name in self.refused:
            try:
                drop_cached(folder)
            except ReprocheckError:
                (folder / "info" / "paths.json").unlink(missing_ok=True)
        return 0


def refuse_package(root: Path, folder: Path, package: LockedPackage) -> None:
    """Refuse an unpacked package that is another one, or that lists what lies outside of the prefix.

    Raises:
        InputError: it may not be linked.
    """
    who = f"`{package.name} {package.version}`"
    name = (read_document(folder / "info" / "index.json") or {}).get("name")
    if isinstance(name, str) and name.lower() != package.name.lower():
        why, how = f"it says of itself that it is `{shown(name)}`", "lock anew, from a channel that can be trusted"
        raise InputError(f"the archive of {who} holds another package", where=public_url(package.url), why=why, how=how)
    listed = _listed(folder)
    for path in listed:
        if path_inside(path) is None or _MARKS.match(path):
            why, how = f"it lists `{shown(path)}`", "lock another build of it, and tell those who publish it"
            raise InputError(f"{who} would write where no package may", where=public_url(package.url), why=why, how=how)
    refuse_links_out(root, (place for path in listed for place in _places(root, path)))


def refuse_links_out(root: Path, paths: Iterable[str]) -> None:
    """Refuse paths below `root` that lie behind a link which leads out of it.

    Raises:
        InputError: what lies there is somebody's, and would be written over.
    """
    inside = os.path.realpath(root)
    for folder in _folders(paths):
        whole = root / folder
        if whole.is_symlink() and not is_inside(inside, whole):
            raise InputError(
                f"`{folder}` in the prefix leads out of it",
                where=whole.as_posix(),
                why=f"it is a link to `{os.path.realpath(whole)}`, and what lies there would be changed",
                how="remove the link, and run again",
            )


def project_places(root: Path, packages: Iterable[LockedPackage]) -> list[str]:
    """Return where pip packages most likely come to lie: nobody knows before they are unpacked."""
    names = {spelt for package in packages for spelt in (package.name, normalise_name(package.name).replace("-", "_"))}
    sites = [site.relative_to(root).as_posix() for site in _sites(root)]
    return [f"{site}/{name}/__init__.py" for site in sites for name in sorted(names)]


def _folders(paths: Iterable[str]) -> list[str]:
    """Return every folder on the way to the paths, outer ones first."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)


def _places(root: Path, path: str) -> Iterable[str]:
    """Return where a path of a package may come to lie; a `noarch` one names no version of Python."""
    if not path.startswith(_OF_NOARCH):
        return (path,)
    return (path, *(f"{site.relative_to(root).as_posix()}/{path.removeprefix(_OF_NOARCH)}" for site in _sites(root)))


def _sites(root: Path) -> list[Path]:
    return [*sorted(root.glob("lib/python*/site-packages")), root / "Lib" / "site-packages"]


def _listed(folder: Path) -> list[str]:
    """Return what a package lists; old ones have no `paths.json`, but a plain list."""
    entries = (read_document(folder / "info" / "paths.json") or {}).get("paths")
    if isinstance(entries, list):
        paths = (entry.get("_path") for entry in entries if isinstance(entry, dict))
        return [path for path in paths if isinstance(path, str)]
    try:
        data = read_regular(folder / "info" / "files") or b""
    except InputError:
        return []  # rattler cannot read it either, and says so
    return data.decode("utf-8", "replace").splitlines()

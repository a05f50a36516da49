"""Take distributions out of a prefix, as pip would: what RECORD lists, their byte code, their metadata.

Nothing outside the prefix is touched, nothing behind a link that leads out of it, nothing in `conda-meta`, and nothing
that a pip distribution which stays lists too. The metadata goes last, by one rename: a removal that was interrupted is
found again and goes on. Of a distribution without RECORD the modules that its `top_level.txt` names go, if nobody else
lists anything in them; what else it installed is unknown and stays.

Source: PyPA "Recording installed projects"; pip `AdjacentTempDirectory` (`~ame`); setuptools "Development mode"; uv
0.13.9, killed in the middle (`.tmpXXXXXX`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from reprocheck.locking.installing.installed_proof import UNNAMED
from reprocheck.locking.installing.prefix_files import (
    bytecode_of,
    cannot_write,
    entries,
    is_inside,
    remove_whole,
    replace_file,
)
from reprocheck.model.prefixes import Distribution, Prefix
from reprocheck.model.project_names import normalise_name

_MODULE = re.compile(r"[A-Za-z_]\w*")
_EDITABLE = re.compile(r"__editable__\.(?P<name>.+)-[^-]+\.pth")
_LEFT = re.compile(rf"~.*|{UNNAMED.pattern}")
_EASY_INSTALL = "easy-install.pth"


def remove_distributions(root: Path, prefix: Prefix, doomed: Sequence[Distribution]) -> None:
    """Remove `doomed` from the prefix at `root`, also what conda's records list too: it was pip's.

    What an interrupted pip, uv or removal left in the folders for packages goes too, also where nothing is doomed.

    Raises:
        UndecidedError: a file or a folder cannot be removed.
    """
    with cannot_write(root):
        removal = _Removal(root, prefix, doomed)
        for item in doomed:
            removal.remove(item)
        removal.sweep()


class _Removal:
    """One removal of several distributions; `kept` are the paths of those that stay."""

    def __init__(self, root: Path, prefix: Prefix, doomed: Sequence[Distribution]) -> None:
        going = {item.record for item in doomed}
        self.root = Path(os.path.realpath(root))
        self.conda = {file.path for record in prefix.conda for file in record.files}
        self.kept = {file.path for item in prefix.installed_by_pip if item.record not in going for file in item.files}
        self.records = {item.record for item in prefix.distributions}
        self.sites = {_site(item) for item in prefix.distributions} | {*filter(None, [prefix.site_packages])}

    def remove(self, item: Distribution) -> None:
        """Remove one distribution, its metadata last."""
        if item.record.endswith(".pth"):
            self._forget(item.record, item.origin.address if item.origin else "")
            return
        paths = {file.path for file in item.files}
        compiled = bytecode_of(self.root, [file for file in item.files if file.path not in self.kept])
        paths.update(path.relative_to(self.root).as_posix() for path in compiled)
        paths.update(() if item.files else self._unlisted(item))
        paths.update([*self._editable(item), *self._unnamed(paths)])
        metadata = _metadata(item)
        for path in sorted(paths):
            if not path.startswith(f"{metadata}/"):
                self._remove_path(path)
        self._remove_metadata(metadata)

    def sweep(self) -> None:
        """Remove what interrupted tools left: files and folders on their way, metadata that nothing can be read of."""
        owned = self.kept | self.conda
        for site in sorted(self.sites):
            if self._is_ours(f"{site}/~"):
                for path in entries(self.root / site):
                    place = f"{site}/{path.name}"
                    is_left = _LEFT.fullmatch(path.name) or (place.endswith(".dist-info") and place not in self.records)
                    if is_left and not _lists_inside(owned, place):
                        remove_whole(path)

    def _remove_metadata(self, metadata: str) -> None:
        """Remove the metadata at once for whoever looks: moved aside first, where no tool takes it for a project."""
        if not self._is_ours(metadata):
            return
        path = self.root / metadata
        if os.path.lexists(path):
            aside = path.with_name(f"~{path.name}")
            remove_whole(aside)
            path.rename(aside)
            remove_whole(aside)

    def _remove_path(self, path: str) -> None:
        """Remove one file, and the folders that it leaves empty."""
        if path in self.kept or not self._is_ours(path):
            return
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            return  # a folder goes when it is empty, below
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            target.unlink()
        for folder in map(str, PurePosixPath(path).parents):
            if "/" not in folder or folder in self.sites or folder in self.conda:
                return
            try:
                (self.root / folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return

    def _is_ours(self, path: str) -> bool:
        """Say whether a path lies in the prefix, also after every link in its folders is followed."""
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or path in self.sites or pure.parts[:1] in ((), ("conda-meta",)):
            return False
        return is_inside(str(self.root), (self.root / pure).parent)

    def _unnamed(self, paths: set[str]) -> Iterator[str]:
        """Yield what an interrupted uv left in the folders of a distribution."""
        for folder in sorted({path.rpartition("/")[0] for path in paths} - self.sites):
            for found in entries(self.root / folder) if self._is_ours(f"{folder}/x") else ():
                if UNNAMED.fullmatch(found.name):
                    yield f"{folder}/{found.name}"

    def _unlisted(self, item: Distribution) -> Iterator[str]:
        """Yield the files of the modules that `top_level.txt` names and nobody else lists anything in."""
        names: list[str] = []
        with contextlib.suppress(OSError, ValueError):
            names = (self.root / item.record / "top_level.txt").read_text(encoding="utf-8").split()
        owned = self.kept | self.conda
        for path in (f"{_site(item)}/{name}" for name in names if _MODULE.fullmatch(name)):
            if f"{path}.py" not in owned:
                yield f"{path}.py"
            if self._is_ours(f"{path}/x") and not _lists_inside(owned, path):
                for folder, _, found in os.walk(self.root / path):
                    yield from (Path(folder, name).relative_to(self.root).as_posix() for name in found)

    def _editable(self, item: Distribution) -> Iterator[str]:
        """Yield the files by which old and new tools link a project's folder; its line in easy-install.pth goes."""
        site = _site(item)
        for path in entries(self.root / site) if self._is_ours(f"{site}/x") else ():
            hook = _EDITABLE.fullmatch(path.name)
            if hook and normalise_name(hook["name"]) == item.name:
                yield f"{site}/{path.name}"
            elif path.suffix == ".egg-link" and normalise_name(path.stem) == item.name:
                with contextlib.suppress(OSError, ValueError, IndexError):
                    self._forget(f"{site}/{_EASY_INSTALL}", path.read_text(encoding="utf-8").splitlines()[0].strip())
                yield f"{site}/{path.name}"
        if item.record.endswith("/EGG-INFO"):
            self._forget(f"{site}/{_EASY_INSTALL}", f"./{PurePosixPath(item.record).parent.name}")

    def _forget(self, path: str, line: str) -> None:
        """Take one line out of a `.pth`; without any other that says something the file goes."""
        file = self.root / path
        if path in self.conda or not self._is_ours(path) or not file.is_file():
            return
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        kept = [one for one in lines if one.strip() != line]
        if not any(one.strip() for one in kept):
            file.unlink()
        elif kept != lines:
            text = "".join(f"{one}\n" for one in kept)
            replace_file(file, text.encode("utf-8", "surrogateescape"), file.stat().st_mode & 0o777)


def _metadata(item: Distribution) -> str:
    """Return what holds the metadata; an egg is one folder with all that is in it."""
    return item.record.removesuffix("/EGG-INFO")


def _site(item: Distribution) -> str:
    return _metadata(item).rpartition("/")[0]


def _lists_inside(paths: set[str], folder: str) -> bool:
    return any(path.startswith(f"{folder}/") or path == folder for path in paths)

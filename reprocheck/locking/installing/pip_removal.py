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
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from reprocheck.errors import UndecidedError
from reprocheck.locking.installing.installed_proof import UNNAMED
from reprocheck.model.prefixes import Distribution, Prefix
from reprocheck.model.project_names import normalise_name

_MODULE = re.compile(r"[A-Za-z_]\w*")
_EDITABLE = re.compile(r"__editable__\.(?P<name>.+)-[^-]+\.pth")
_LEFT = re.compile(rf"~.*|{UNNAMED.pattern}")
_EASY_INSTALL = "easy-install.pth"


def remove_distributions(root: Path, prefix: Prefix, doomed: Sequence[Distribution]) -> tuple[str, ...]:
    """Remove `doomed` from the prefix at `root`; return the paths that conda's records list too, sorted.

    What lay there is gone or was pip's: the conda packages that own these paths have to be installed anew. What an
    interrupted pip, uv or removal left in the folders for packages goes too, also where nothing is doomed.

    Raises:
        UndecidedError: a file or a folder cannot be removed.
    """
    removal = _Removal(root, prefix, doomed)
    try:
        for item in doomed:
            removal.remove(item)
        removal.sweep()
    except OSError as error:
        raise UndecidedError(
            "a pip package cannot be removed",
            where=str(error.filename or root),
            why=(error.strerror or type(error).__name__).lower(),
            how="make the prefix writable, then run again: it goes on from there",
        ) from error
    return tuple(sorted(removal.of_conda))


class _Removal:
    """One removal of several distributions; `kept` are the paths of those that stay."""

    def __init__(self, root: Path, prefix: Prefix, doomed: Sequence[Distribution]) -> None:
        going = {item.record for item in doomed}
        self.root = Path(os.path.realpath(root))
        self.conda = {file.path for record in prefix.conda for file in record.files}
        self.kept = {file.path for item in prefix.installed_by_pip if item.record not in going for file in item.files}
        self.records = {item.record for item in prefix.distributions}
        self.sites = {_site(item) for item in prefix.distributions} | {*filter(None, [prefix.site_packages])}
        self.of_conda: set[str] = set()

    def remove(self, item: Distribution) -> None:
        """Remove one distribution, its metadata last."""
        if item.record.endswith(".pth"):
            self._forget(item.record, item.origin.address if item.origin else "")
            return
        paths = {file.path for file in item.files}
        paths.update(self._bytecode(item) if paths else self._unlisted(item))
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
                for path in _entries(self.root / site):
                    place = f"{site}/{path.name}"
                    is_left = _LEFT.fullmatch(path.name) or (place.endswith(".dist-info") and place not in self.records)
                    if is_left and not _lists_inside(owned, place):
                        _remove_tree(path)

    def _remove_metadata(self, metadata: str) -> None:
        """Remove the metadata at once for whoever looks: moved aside first, where no tool takes it for a project."""
        if not self._is_ours(metadata):
            return
        self.of_conda.update(path for path in self.conda if path.startswith(f"{metadata}/"))
        path = self.root / metadata
        if os.path.lexists(path):
            aside = path.with_name(f"~{path.name}")
            _remove_tree(aside)
            path.rename(aside)
            _remove_tree(aside)

    def _remove_path(self, path: str) -> None:
        """Remove one file, and the folders that it leaves empty."""
        if path in self.kept or not self._is_ours(path):
            return
        if path in self.conda:
            self.of_conda.add(path)
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
        parent = os.path.realpath((self.root / pure).parent)
        return parent == str(self.root) or parent.startswith(f"{self.root}{os.sep}")

    def _bytecode(self, item: Distribution) -> Iterator[str]:
        """Yield the byte code of the modules that a distribution lists; Python wrote it, and no RECORD tells."""
        stems: dict[str, set[str]] = {}
        for file in item.files:
            path = PurePosixPath(file.path)
            if path.suffix == ".py" and file.path not in self.kept:
                stems.setdefault(f"{path.parent}/__pycache__", set()).add(path.stem)
        for folder, names in sorted(stems.items()):
            for found in _entries(self.root / folder) if self._is_ours(f"{folder}/x") else ():
                if found.suffix == ".pyc" and found.name.split(".")[0] in names:
                    yield f"{folder}/{found.name}"

    def _unnamed(self, paths: set[str]) -> Iterator[str]:
        """Yield what an interrupted uv left in the folders of a distribution."""
        for folder in sorted({path.rpartition("/")[0] for path in paths} - self.sites):
            for found in _entries(self.root / folder) if self._is_ours(f"{folder}/x") else ():
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
        for path in _entries(self.root / site) if self._is_ours(f"{site}/x") else ():
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
            staged = file.with_name(f"~{file.name}")
            staged.write_text("".join(f"{one}\n" for one in kept), encoding="utf-8", errors="surrogateescape")
            staged.replace(file)


def _metadata(item: Distribution) -> str:
    """Return what holds the metadata; an egg is one folder with all that is in it."""
    return item.record.removesuffix("/EGG-INFO")


def _site(item: Distribution) -> str:
    return _metadata(item).rpartition("/")[0]


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted; nothing where it is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _lists_inside(paths: set[str], folder: str) -> bool:
    return any(path.startswith(f"{folder}/") or path == folder for path in paths)


def _remove_tree(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; links inside are removed, never followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Find what Python reads whenever it starts: `.pth` files, `sitecustomize` and `usercustomize`.

A line of a `.pth` that begins with `import` is run; any other names a folder, whose modules can then be imported.

Source: docs.python.org, "site", read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.prefixes import StartupFile
from reprocheck.readers.prefixes.regular_files import names_if_readable, read_regular

_SAYS_NOTHING = re.compile(r"\s*(?:#.*)?")
_MODULES = ("sitecustomize", "usercustomize")


def find_startup_files(root: Path, site_packages: Iterable[str]) -> tuple[StartupFile, ...]:
    """Return the files below `root` that Python reads when it starts, sorted by path; empty ones do nothing."""
    found = {file for site in site_packages for file in (*_paths(root, site), *_modules(root, site))}
    return tuple(sorted(found))


def _paths(root: Path, site: str) -> Iterator[StartupFile]:
    for name in names_if_readable(root, site):
        if name.endswith(".pth") and not name.startswith("."):
            lines = _lines(root / site / name)
            if lines:
                yield StartupFile(f"{site}/{name}", any(line.startswith(("import ", "import\t")) for line in lines))


def _modules(root: Path, site: str) -> Iterator[StartupFile]:
    """Yield the modules in `site` and beside the standard library, which comes first on Python's path."""
    for folder in (site, site.rpartition("/")[0]):
        for name in names_if_readable(root, folder):
            if name.removesuffix(".py") in _MODULES:
                path = f"{folder}/{name}" if name.endswith(".py") else f"{folder}/{name}/__init__.py"
                if _lines(root / path):
                    yield StartupFile(path, True)


def _lines(path: Path) -> list[str]:
    """Return the lines that say something; of what cannot be read nobody knows, and Python may be able to."""
    try:
        text = (read_regular(path) or b"").decode("utf-8", "replace")
    except InputError:
        return ["import unknown"]
    return [line for line in text.splitlines() if not _SAYS_NOTHING.fullmatch(line)]

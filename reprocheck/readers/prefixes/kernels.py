"""Find the Jupyter kernels of an environment, and those elsewhere that claim to be it, and whose Python each starts.

A kernel elsewhere claims the environment when its name or its display name is the environment's, alone or as
`Python 3 (NAME)`, `Python [conda env:NAME]` (nb_conda_kernels), `conda-env-NAME-py`; or when its command lies in the
environment. A name that half of all environments have (`.venv`) claims none.

Which Python a command starts: in the environment's own folder a bare `python` is this one, since jupyter_client starts
it by its own interpreter. A whole path is judged by the folder that it names, before links are followed: a virtual
environment's `bin/python` is itself a link to another Python, and yet starts this environment.

Sources: jupyter-client.readthedocs.io "Making kernels for Jupyter", kernel specs; jupyter_client `manager.py`,
format_kernel_cmd; docs.jupyter.org "Jupyter's Common Directories and File Locations"; nb_conda_kernels README.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from reprocheck.errors import InputError
from reprocheck.model.prefixes import Fault, Kernel, KernelStart
from reprocheck.readers.prefixes.environment_folders import leads_into
from reprocheck.readers.prefixes.json_documents import Document, parse_json
from reprocheck.readers.prefixes.listed_paths import printable
from reprocheck.readers.prefixes.regular_files import names_in, read_regular

OWN_FOLDER = "share/jupyter/kernels"
_PYTHON = re.compile(r"(?:python|pythonw|pypy|xpython|ipython)[\d.]*t?(?:\.exe)?", re.IGNORECASE)
_BARE = re.compile(r"python(?:\d+(?:\.\d+)?)?")
_NO_PATH_HERE = "has a command that cannot be a path in this locale"
_COMMON_NAMES = frozenset({"", "venv", ".venv", "env", ".env", "default", "python", "python3", "base", "root"})

Scope = Literal["environment", "user", "system"]


class KernelFolder(NamedTuple):
    """A folder of kernels, and where it is."""

    scope: Scope
    path: Path


class FoundKernels(NamedTuple):
    """Kernels of an environment, its own first, and what could not be read."""

    kernels: tuple[Kernel, ...]
    faults: tuple[Fault, ...]


def kernel_folders(environ: Mapping[str, str], home: Path, system: str) -> tuple[KernelFolder, ...]:
    """Return the folders in which Jupyter looks for kernels besides an environment's own; `system` is `sys.platform`.

    `JUPYTER_PATH` comes first, as for Jupyter.
    """
    return tuple(KernelFolder(scope, path / "kernels") for scope, path in _data_folders(environ, home, system))


def _data_folders(environ: Mapping[str, str], home: Path, system: str) -> Iterator[tuple[Scope, Path]]:
    for text in environ.get("JUPYTER_PATH", "").split(os.pathsep):
        if text:
            yield "user", Path(text)
    if environ.get("JUPYTER_DATA_DIR"):
        yield "user", Path(environ["JUPYTER_DATA_DIR"])
    elif system == "darwin":
        yield "user", home / "Library" / "Jupyter"
    elif system == "win32":
        yield "user", Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    else:
        yield "user", Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
    if system == "win32":
        yield "system", Path(environ.get("PROGRAMDATA") or "C:/ProgramData") / "jupyter"
    else:
        yield "system", Path("/usr/local/share/jupyter")
        yield "system", Path("/usr/share/jupyter")


def read_kernels(root: Path, name: str, places: Iterable[KernelFolder]) -> FoundKernels:
    """Return the kernels of the environment `name` below `root`, and those in `places` that claim it.

    Kernels of other languages are left out. A broken `kernel.json` is a fault where it is the environment's own or
    bears its name; others' are their business.
    """
    reader = _Reader(root, name)
    own = KernelFolder("environment", root / OWN_FOLDER)
    seen = set()
    for folder in (own, *places):
        real = os.path.realpath(folder.path)
        if real not in seen:
            seen.add(real)
            reader.read(folder)
    return FoundKernels(tuple(reader.kernels), tuple(reader.faults))


class _Reader:
    def __init__(self, root: Path, name: str) -> None:
        self._root, self._name = root, name.lower()
        self._real = os.path.realpath(root)
        self.kernels: list[Kernel] = []
        self.faults: list[Fault] = []

    def read(self, folder: KernelFolder) -> None:
        try:
            names = names_in(folder.path)
        except InputError as error:
            self._fault(folder, folder.path, error.why, own=folder.scope == "environment")
            return
        for name in names:
            path = folder.path / name / "kernel.json"
            try:
                data = read_regular(path)
                kernel = None if data is None else self._kernel(folder.scope, path, parse_json(data))
            except (InputError, UnicodeEncodeError) as error:  # the second one in a locale without UTF-8
                why = error.why if isinstance(error, InputError) else _NO_PATH_HERE
                self._fault(folder, path, why, own=folder.scope == "environment" or self._is_named(name))
                continue
            if kernel is not None:
                self.kernels.append(kernel)

    def _fault(self, folder: KernelFolder, path: Path, why: str, *, own: bool) -> None:
        if own:
            inside = folder.scope == "environment"
            told = path.relative_to(self._root) if inside else path
            self.faults.append(Fault(printable(told.as_posix()), why))

    def _kernel(self, scope: Scope, path: Path, spec: Document) -> Kernel | None:
        """Return the kernel where it is Python's and this environment's, or claims to be.

        Raises:
            InputError: no command in it.
        """
        command = spec.get("argv")
        words = command if isinstance(command, list) else []
        if not words or not all(isinstance(word, str) and "\0" not in word for word in words):
            raise InputError("broken kernel", where=str(path), why="has no command in `argv`", how="install it again")
        if not _is_python(spec, words):
            return None
        python = self._program(words[0], scope, path)
        display = spec.get("display_name")
        kernel = Kernel(
            name=printable(path.parent.name),
            display_name=printable(display) if isinstance(display, str) else "",
            path=printable(path.as_posix()),
            scope=scope,
            python=printable(python),
            starts=self._starts(python, scope),
        )
        return kernel if scope == "environment" or self._claims(kernel, python) else None

    def _program(self, word: str, scope: Scope, path: Path) -> str:
        """Return the first word of a command with Jupyter's two variables replaced, where they are known."""
        word = word.replace("{resource_dir}", str(path.parent))
        return word.replace("{prefix}", str(self._root)) if scope == "environment" else word

    def _claims(self, kernel: Kernel, python: str) -> bool:
        return self._is_inside(python) or self._is_named(kernel.name) or self._is_named(kernel.display_name)

    def _is_named(self, text: str) -> bool:
        if self._name in _COMMON_NAMES:
            return False
        plain, name = text.lower().removesuffix(" *"), re.escape(self._name)
        return plain == self._name or bool(re.search(rf"[(\[:]\s*{name}\s*[)\]]|^conda-env-{name}-", plain))

    def _is_inside(self, python: str) -> bool:
        named = Path(python)
        return named.is_absolute() and leads_into(named, self._real)

    def _starts(self, python: str, scope: Scope) -> KernelStart:
        if scope == "environment" and _BARE.fullmatch(python):
            return "this"
        named = Path(python)
        if not named.is_absolute():
            return "unknown"
        try:
            named.stat()
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except OSError:
            return "unknown"
        if not _PYTHON.fullmatch(named.name):
            return "unknown"
        return "this" if self._is_inside(python) else "other"


def _is_python(spec: Document, command: list[str]) -> bool:
    language = spec.get("language")
    if isinstance(language, str) and language:
        return language.lower() == "python"
    return any("ipykernel" in word for word in command)

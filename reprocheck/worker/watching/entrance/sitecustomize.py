"""Begin the watch in every Python of a watched command: this folder stands first in `PYTHONPATH`.

`site` imports one `sitecustomize` at the start of an interpreter. This one takes itself out of the way (`sys.path`
is what it would have been), sees to it that the watch begins when torch has been imported, and then runs the
`sitecustomize` that it stands before, in its name.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any, List, Optional, Sequence

_VARIABLE = "REPROCHECK_WATCH"
_PACKAGE = "reprocheck_worker"


class _Finder:
    """Finds nothing but torch, and that with the loader that would have loaded it."""

    def __init__(self, job_file: str) -> None:
        self._job_file = job_file
        self._is_asking = False

    def find_spec(self, name: str, _path: Optional[Sequence[str]] = None, _target: Any = None) -> Any:
        """Return the module spec of torch, which tells us when it is loaded; None for all other modules."""
        if name != "torch" or self._is_asking:
            return None
        self._is_asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_asking = False
        if spec is not None and spec.loader is not None:
            _tell_when_loaded(spec.loader, self._begin)
        return spec

    def _begin(self, torch: Any) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        _begin_watch(torch, self._job_file)


def _tell_when_loaded(loader: Any, begin: Any) -> None:
    load = loader.exec_module

    def exec_module(module: Any) -> None:
        del loader.exec_module  # the loader is as it was: whoever asks torch for it sees nothing of us
        load(module)
        begin(module)

    loader.exec_module = exec_module


def _begin_watch(torch: Any, job_file: str) -> None:
    """Begin, or be silent: whatever is wrong with us is no concern of the program."""
    try:
        staged = os.path.dirname(os.path.abspath(job_file))
        if _PACKAGE not in sys.modules:
            _load_package(os.path.join(staged, _PACKAGE))
        begin = importlib.import_module(_PACKAGE + ".watching.begin").begin
        begin(torch, job_file)
    except Exception as error:
        sys.stderr.write("reprocheck: this process is not watched: {}\n".format(error))


def _load_package(folder: str) -> None:
    file = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location(_PACKAGE, file, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError("no worker in its folder")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)


def _step_aside(job_file: str) -> None:
    """Take the entrance and the staged folder out of `sys.path`; children find them in `PYTHONPATH` again."""
    ours = {os.path.abspath(os.path.dirname(__file__)), os.path.abspath(os.path.dirname(job_file))}
    sys.path[:] = [entry for entry in sys.path if not entry or os.path.abspath(entry) not in ours]


def _run_shadowed() -> None:
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _enter() -> None:
    job_file = os.environ.get(_VARIABLE)
    if job_file:
        _step_aside(job_file)
        if "torch" in sys.modules:
            _begin_watch(sys.modules["torch"], job_file)
        else:
            finders: List[Any] = sys.meta_path
            finders.insert(0, _Finder(job_file))
    _run_shadowed()


_enter()

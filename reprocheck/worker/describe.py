"""The job `describe`: say what this Python, its packages, its torch and its settings are.

One object a part, `{"part": NAME, "value": …}`, in the order environment, python, packages, torch, settings, switches:
should loading torch crash the interpreter, the first three have been said. `{"torch": false}` in the job stops there.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from typing import Any, Dict

from .environment_variables import allowed_variables
from .installed_packages import installed_packages
from .lines import Emit
from .numeric_settings import numeric_settings
from .readings import load, reading
from .switches.in_force import read_switches
from .torch_build import torch_build


def describe(job: Dict[str, Any], emit: Emit) -> None:
    """Emit the parts; a part that cannot be read carries its status."""
    # torch sets variables of its own when it is loaded: the user's are read before.
    environ = dict(os.environ)
    emit({"part": "environment", "value": allowed_variables(environ)})
    emit({"part": "python", "value": describe_python()})
    emit({"part": "packages", "value": installed_packages()})
    if job.get("torch", True):
        _describe_torch(environ, emit)


def describe_python() -> Dict[str, Any]:
    """Return implementation, version and the switches of the interpreter that change what a program does."""
    return {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "compiler": platform.python_compiler(),
        "abi": reading(lambda: sysconfig.get_config_var("SOABI")),
        "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "hashRandomization": bool(sys.flags.hash_randomization),
        "optimize": sys.flags.optimize,
        "environment": _kind_of_environment(),
    }


def _kind_of_environment() -> str:
    if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        return "conda"
    return "venv" if sys.prefix != sys.base_prefix else "system"


def _describe_torch(environ: Dict[str, str], emit: Emit) -> None:
    torch, failure = load("torch")
    emit({"part": "torch", "value": failure or torch_build(torch)})
    emit({"part": "settings", "value": failure or numeric_settings(torch)})
    emit({"part": "switches", "value": failure or read_switches(torch, environ)})

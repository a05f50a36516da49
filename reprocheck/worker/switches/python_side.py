"""Switches that live in Python: the interpreter's hash seed, and modules of torch that are loaded when needed."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Callable, Mapping

from ..readings import reading_at, unread


def hash_seed(_torch: Any, environ: Mapping[str, str]) -> str:
    """Return the seed of `hash` for texts, `random` where each process draws its own."""
    if not sys.flags.hash_randomization:
        return "0"
    seed = "" if sys.flags.ignore_environment else environ.get("PYTHONHASHSEED", "")
    return seed if seed.isdecimal() else "random"


def opt_einsum(attribute: str) -> Callable[[Any, Mapping[str, str]], Any]:
    """Return the reader of an attribute of `torch.backends.opt_einsum`, which torch itself loads late."""

    def read(_torch: Any, _environ: Mapping[str, str]) -> Any:
        return reading_at(importlib.import_module("torch.backends.opt_einsum"), attribute)

    return read


def is_opt_einsum_available(_torch: Any, value: Any) -> bool:
    """Say whether `einsum` plans its order exactly where the package for it is installed, as torch does by itself."""
    return bool(value == reading_at(importlib.import_module("torch.backends.opt_einsum"), "is_available()"))


def is_first_strategy(_torch: Any, value: Any) -> bool:
    """Say whether the strategy is the one that torch begins with, or none, where there is no package for it."""
    return value in ("auto", "unset")


def inductor(option: str, variable: str) -> Callable[[Any, Mapping[str, str]], Any]:
    """Return the reader of an option of the compiler.

    Its configuration is asked where it is loaded already; loading it takes 1.5 s, and reads the variable once.
    """

    def read(torch: Any, environ: Mapping[str, str]) -> Any:
        loaded = sys.modules.get("torch._inductor.config")
        if loaded is not None:
            return reading_at(loaded, option)
        if not _knows(torch, variable):
            return unread("missing", "not in this torch")
        return environ.get(variable) == "1"

    return read


def _knows(torch: Any, variable: str) -> bool:
    """Say whether the source of this torch's compiler asks for a variable."""
    try:
        with open(os.path.join(os.path.dirname(torch.__file__), "_inductor", "config.py"), encoding="utf-8") as stream:
            return variable in stream.read()
    except OSError:
        return False

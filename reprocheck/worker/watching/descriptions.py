"""What a module says of itself, in one line: its class and the numbers that it works with, never a text of its own."""

from __future__ import annotations

import re
from types import BuiltinFunctionType, FunctionType
from typing import Any

LENGTH = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def description(module: Any) -> str:
    """Return the class of `module` with what torch prints of it, or else with its own plain numbers and switches.

    Texts in a module that is not torch's are left out, since nobody knows what they tell; the same goes for what its
    own `extra_repr` prints. Of functions that are torch's, such as an activation, the name is told.
    """
    printed = type(module).extra_repr
    text = str(module.extra_repr()) if _is_of_torch(printed) else ""
    if not text:
        words = (_word(name, value) for name, value in sorted(vars(module).items()))
        text = ", ".join(word for word in words if word)
    return _ADDRESS.sub("", "{}({})".format(type(module).__name__, " ".join(text.split())))[:LENGTH]


def _word(name: str, value: Any) -> str:
    if name.startswith("_") or name == "training":
        return ""
    if type(value) in (bool, int, float):
        return "{}={!r}".format(name, value)
    if isinstance(value, (FunctionType, BuiltinFunctionType)) and _is_of_torch(value):
        return "{}={}".format(name, value.__name__)
    return ""


def _is_of_torch(function: Any) -> bool:
    return str(getattr(function, "__module__", None)).split(".")[0] == "torch"

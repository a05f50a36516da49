"""The words of a user's command: which of them is the script, and which Python runs it.

A command line may hold secrets: of all its words only the base name of the script goes into a document.
Source: "Command line and environment" of the Python documentation, 3.9 to 3.14: options come before the script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reprocheck.errors import UsageError
from reprocheck.model.torchrun_commands import parse_torchrun

_PYTHON = re.compile(r"(?:python|pypy)w?(?:\d+(?:\.\d+)?)?t?(?:\.exe)?")
_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
_DEAF = {"I": "-I", "E": "-E", "S": "-S"}  # isolated, without variables, without `site`, which runs sitecustomize
# What starts the rest of its words in its own place, or waits for it, and changes no Python.
_TRANSPARENT = frozenset(
    {"env", "nice", "nohup", "time", "stdbuf", "taskset", "numactl", "timeout", "setsid", "ionice"}
)
_TORCHRUN = ("torchrun", "torchrun.exe")
_LAUNCHERS = ("torch.distributed.run", "torch.distributed.launch")
UNNAMED = "a command"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonCall:
    """A Python and its own options; `script` is a file's base name, a module's name, or what stands for neither."""

    program: str
    options: tuple[str, ...]
    script: str
    rest: tuple[str, ...] = ()

    @property
    def deaf(self) -> str:
        """Return the option by which this Python takes no notice of `PYTHONPATH` or of sitecustomize, else nothing."""
        letters = [
            letter
            for option in self.options
            if option.startswith("-") and not option.startswith("--") and option[:2] not in ("-X", "-W")
            for letter in option[1:]
        ]
        return next((_DEAF[letter] for letter in letters if letter in _DEAF), "")


def python_call(words: Sequence[str]) -> PythonCall | None:
    """Return the Python that a command calls, perhaps behind `env` or `nice`; None where it calls something else."""
    for place, word in enumerate(words):
        if _PYTHON.fullmatch(PurePath(word).name):
            return _call(words[place:])
        if place == 0 and PurePath(word).name not in _TRANSPARENT and "=" not in word:
            return None
    return None


def script_name(words: Sequence[str]) -> str:
    """Return the base name of the script that a command runs, else that of its program."""
    call = python_call(words)
    if call and call.script in _LAUNCHERS:
        return _launched(call.rest)
    if call:
        return call.script or UNNAMED
    name = PurePath(words[0]).name
    return _launched(words[1:]) if name in _TORCHRUN else name


def is_local_torchrun(words: Sequence[str], environ: Mapping[str, str]) -> bool | None:
    """Say whether a torchrun command stays on one node; None where it is none that is understood."""
    try:
        return parse_torchrun(words, environ).is_local
    except UsageError:
        return None


def _call(words: Sequence[str]) -> PythonCall:
    place = 1
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        word = words[place]
        for flag in "mc":
            if not word.startswith("--") and flag in word[1:] and word[:2] not in ("-X", "-W"):
                return _with_flag(words, place, flag)
        place += 2 if word in _WITH_VALUE else 1
    script = PurePath(words[place]).name if place < len(words) else ""
    script = "python -" if script == "-" else script
    return PythonCall(program=words[0], options=tuple(words[1:place]), script=script, rest=tuple(words[place + 1 :]))


def _with_flag(words: Sequence[str], place: int, flag: str) -> PythonCall:
    """Return a call of `-m MODULE` or `-c CODE`, whose word may hold other letters before and the value behind."""
    before, _, behind = words[place].partition(flag)
    value_place = place if behind else place + 1
    value = behind or "".join(words[value_place : value_place + 1])
    return PythonCall(
        program=words[0],
        options=(*words[1:place], *([before] if before != "-" else [])),
        script=value if flag == "m" else "python -c",
        rest=tuple(words[value_place + 1 :]),
    )


def _launched(words: Sequence[str]) -> str:
    """Return the script among the words of torchrun: the first that is neither an option nor the value of one."""
    place = 0
    while place < len(words) and words[place].startswith("-"):
        if words[place] in ("-m", "--module"):
            return "".join(words[place + 1 : place + 2]) or UNNAMED
        takes_next = words[place].startswith("--") and "=" not in words[place] and words[place] not in _FLAGS
        place += 2 if takes_next else 1
    return PurePath(words[place]).name if place < len(words) else UNNAMED


_FLAGS = (
    "--standalone",
    "--module",
    "--no-python",
    "--no_python",
    "--run-path",
    "--run_path",
    "--use-env",
    "--use_env",
)

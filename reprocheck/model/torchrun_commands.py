"""A torchrun command as a user types it: which of its words choose the ranks, and which are the program they run.

Source: `get_args_parser` in `torch/distributed/run.py` (torch 2.0.1, 2.6.0 and 2.13.0): options come before the first
word that is none, names may be written with `-` or `_` and cut short, `PET_NAME` stands for an option not given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reprocheck.errors import UsageError

# Only for the program's output or its restarts, which are ours to decide: we write nothing beside the user's job.
_DROPPED_VALUES = (
    *("max-restarts", "log-dir", "redirects", "tee", "logs-specs"),
    *("local-ranks-filter", "duplicate-stdout-filters", "duplicate-stderr-filters"),
)
_DROPPED_FLAGS = ("module", "no-python", "run-path", "use-env")
_KEPT_VALUES = (
    *("nnodes", "nproc-per-node", "node-rank", "rdzv-backend", "rdzv-endpoint", "rdzv-id", "rdzv-conf"),
    *("master-addr", "master-port", "local-addr", "role", "monitor-interval", "start-method", "event-log-handler"),
    *("numa-binding", "signals-to-handle", "shutdown-timeout"),
)
_KEPT_FLAGS = ("standalone", "virtual-local-rank", "help")
_FLAGS = (*_KEPT_FLAGS, *_DROPPED_FLAGS)
_KNOWN = (*_KEPT_VALUES, *_DROPPED_VALUES, *_FLAGS)
_SHORT = {"-m": "module", "-r": "redirects", "-t": "tee", "-h": "help"}
_MODULES = ("torch.distributed.run", "torch.distributed.launch")
_PYTHON = re.compile(r"pythonw?(?:\d+(?:\.\d+)?)?t?(?:\.exe)?")
_PYTHON_VALUES = ("-X", "-W")  # options of Python that take the next word
_UNDERSTOOD = "understood are `torchrun OPTIONS SCRIPT …` and `python -m torch.distributed.run OPTIONS SCRIPT …`"

# How to say it where another launcher stands in front.
_INSTEAD = {
    "accelerate": "give the torchrun command that it stands for",
    "deepspeed": "give the torchrun command that it stands for",
    "srun": "put it in front: `srun reprocheck fleet -- torchrun …`",
    "mpirun": "put it in front: `mpirun reprocheck fleet -- torchrun …`, one process a node",
    "mpiexec": "put it in front: `mpiexec reprocheck fleet -- torchrun …`, one process a node",
    "env": "put variables in front: `NAME=VALUE reprocheck fleet -- torchrun …`",
    "uv": "put it in front: `uv run reprocheck fleet -- torchrun …`",
    "conda": "put it in front: `conda run reprocheck fleet -- torchrun …`",
    "python": "name the module: `python -m torch.distributed.run …`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchrunCommand:
    """What is kept of a torchrun command.

    `launcher` starts torchrun, `options` are its own, each one word. `wrapper` is what `--no-python` puts before the
    script, up to and with the Python; `unseen` is the program that takes its place where there is no Python in it.
    """

    launcher: tuple[str, ...]
    options: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    unseen: str = ""
    is_local: bool = True

    def has(self, name: str) -> bool:
        """Say whether an option was given."""
        return any(option.partition("=")[0] == f"--{name}" for option in self.options)


def parse_torchrun(words: Sequence[str], environ: Mapping[str, str]) -> TorchrunCommand:
    """Return what the words after `--` ask of torchrun, together with its own variables in `environ`.

    Raises:
        UsageError: that is no torchrun command, or has an option that is not known and may take the next word.
    """
    launcher, rest = _launcher(words)
    given, program = _options(rest)
    if "help" in given:
        raise _unfit("`--help` starts no ranks", "expected a command that does", "leave it out")
    is_bare = "no-python" in given or environ.get("PET_NO_PYTHON") == "1"
    wrapper = _wrapper(program) if is_bare else ()
    kept = {name: value for name, value in given.items() if name in (*_KEPT_VALUES, *_KEPT_FLAGS)}
    nodes = kept.get("nnodes") or environ.get("PET_NNODES", "1")
    return TorchrunCommand(
        launcher=launcher,
        options=tuple(f"--{name}={value}" if name in _KEPT_VALUES else f"--{name}" for name, value in kept.items()),
        wrapper=wrapper,
        unseen=program[0] if is_bare and program and not wrapper else "",
        is_local=set(nodes.split(":")) == {"1"},
    )


def kept_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without the variables that stand for the options which `parse_torchrun` drops."""
    dropped = {f"PET_{name.upper().replace('-', '_')}" for name in (*_DROPPED_VALUES, *_DROPPED_FLAGS)}
    return {name: value for name, value in environ.items() if name not in dropped}


def _launcher(words: Sequence[str]) -> tuple[tuple[str, ...], Sequence[str]]:
    if not words:
        raise _unfit("no command was given", _UNDERSTOOD, "write `reprocheck fleet -- torchrun …`")
    name = PurePath(words[0]).name
    if name in ("torchrun", "torchrun.exe"):
        return (words[0],), words[1:]
    if _PYTHON.fullmatch(name):
        place = _place_of_module(words)
        if place:
            return tuple(words[: place + 1]), words[place + 1 :]
        name = "python"
    if "=" in words[0]:
        name = "env"
    how = _INSTEAD.get(name, "give your own torchrun command; its script and arguments are not run")
    raise _unfit(f"`{words[0]}` is no torchrun command", _UNDERSTOOD, how)


def _place_of_module(words: Sequence[str]) -> int:
    """Return the place of torchrun's module among the words of a Python command, 0 where that runs something else."""
    place = 1
    while place < len(words) and words[place].startswith("-"):
        if words[place] == "-m":
            return place + 1 if tuple(words[place + 1 : place + 2]) in {(name,) for name in _MODULES} else 0
        place += 2 if words[place] in _PYTHON_VALUES else 1
    return 0


def _options(words: Sequence[str]) -> tuple[dict[str, str], Sequence[str]]:
    """Return the options by their whole name, the last of each, and the program with its arguments."""
    given: dict[str, str] = {}
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        word = words[place]
        place += 1
        if word == "--":
            break
        name, value = _named(word)
        if name not in _FLAGS and value is None:
            if place == len(words):
                raise _unfit(f"`{word}` lacks its value", "expected one behind it", "give it, or leave the option out")
            value, place = words[place], place + 1
        given[name] = value or ""
    return given, words[place:]


def _named(word: str) -> tuple[str, str | None]:
    """Return the whole name of an option, and its value where it stands in the same word."""
    text, equals, value = word.partition("=")
    if not word.startswith("--"):
        name = _SHORT.get(word[:2])
        if name is None or (name in _FLAGS and len(word) > 2):
            raise _unknown(word)
        return name, word[2:].removeprefix("=") or None
    whole = text[2:].replace("_", "-")
    matches = [whole] if whole in _KNOWN else [known for known in _KNOWN if known.startswith(whole)]
    if len(matches) == 1:
        return matches[0], value if equals else None
    raise _unknown(word)


def _unknown(word: str) -> UsageError:
    known = ", ".join(f"`--{name}`" for name in _KEPT_VALUES[:6])
    return _unfit(
        f"`{word}` is no option of torchrun that is known here",
        f"known are {known} and the others of torchrun 2.0 to 2.13",
        "leave it out, or name the option in full",
    )


def _wrapper(program: Sequence[str]) -> tuple[str, ...]:
    """Return the words up to the Python, which is what every rank starts before its script."""
    for place, word in enumerate(program):
        if _PYTHON.fullmatch(PurePath(word).name):
            return tuple(program[: place + 1])
    return ()


def _unfit(what: str, why: str, how: str) -> UsageError:
    return UsageError(what, where="the command after `--`", why=why, how=how)

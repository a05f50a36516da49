"""Find the Python that a command runs, for its packages and its torch are those of the record."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from reprocheck.model.command_words import python_call

_FIRST_BYTES = 4096
# What installers write: `#!/env/bin/python`, `#!/usr/bin/env python3`, or, where the path is long or holds a space, a
# line that is a comment to Python and a command to the shell.
_SHEBANG = re.compile(rb"#![ \t]*(?P<program>[^ \t\r\n]+)(?:[ \t]+(?P<word>[^\r\n]*))?")
_THROUGH_SHELL = re.compile(rb"'''exec' (?:\"(?P<quoted>[^\"\n]+)\"|(?P<bare>[^ \n]+)) ")


def python_of(words: Sequence[str]) -> Path | None:
    """Return the Python that the command `words` runs in; None where that cannot be told from outside."""
    call = python_call(words)
    if call:
        return _found(call.program)
    script = shutil.which(words[0])
    return _interpreter(Path(script)) if script else None


def _found(program: str) -> Path | None:
    path = shutil.which(program)
    return Path(path).absolute() if path else None  # not resolved: the link is what makes a virtual environment


def _interpreter(script: Path) -> Path | None:
    """Return the Python that a script names in its first lines."""
    try:
        with script.open("rb") as stream:
            head = stream.read(_FIRST_BYTES)
    except OSError:
        return None
    shell = _THROUGH_SHELL.search(head)
    if head.startswith(b"#!/bin/sh") and shell:
        return _python((shell["quoted"] or shell["bare"]).decode("utf-8", "replace"))
    line = _SHEBANG.match(head)
    if not line:
        return None
    program, word = (line[name].decode("utf-8", "replace") if line[name] else "" for name in ("program", "word"))
    if Path(program).name == "env":
        return _python(next((part for part in word.split() if not part.startswith("-") and "=" not in part), ""))
    return _python(program)


def _python(program: str) -> Path | None:
    call = python_call([program]) if program else None
    return _found(call.program) if call else None

"""Find what says where an environment was made: a few of its scripts, and the mark of `create`.

Installers write the path of an environment into many of its files and take their digests afterwards, so that one which
was moved or copied is as recorded. Its scripts show it: they begin with the path of their Python, or where that is long
or has a space with a line for `/bin/sh`. `#!/usr/bin/env python` tells no place. conda's records list such scripts
without a size, since the path changed it. Programs for Windows hold the path where a first line is not.

Sources: pip 24, `distlib/scripts.py` (`_build_shebang`), what uv 0.13 and rattler 0.28 write, tried 2026-11-21.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.prefixes import MADE_MARK, Birthmark, Distribution, KernelStart, Prefix
from reprocheck.readers.prefixes.environment_folders import leads_into
from reprocheck.readers.prefixes.listed_paths import printable
from reprocheck.readers.prefixes.marks import made_at
from reprocheck.readers.prefixes.regular_files import read_regular

MOST_SCRIPTS = 5
_MOST_READ = 64
_MOST_BYTES = 1 << 16
_QUOTE = rb"[\"']?"
_STARTS = re.compile(
    rb"#!(?:/bin/sh\s*\n'''exec')?\s*" + _QUOTE + rb"(/[^\n\0\"']*/bin/(?:python|pypy)[\d.]*t?)" + _QUOTE + rb"(?:\s|$)"
)


def find_birthmarks(root: Path, prefix: Prefix) -> tuple[Birthmark, ...]:
    """Return the mark of `create`, and the first scripts below `root`, the folder of `prefix`, that name a Python."""
    made, real = made_at(root), os.path.realpath(root)
    marks = [] if made is None else [_birthmark(MADE_MARK, made, is_this=os.path.realpath(made) == real)]
    read = ((path, _python(root / path)) for path in islice(_scripts(prefix), _MOST_READ))
    told = (_birthmark(path, python, is_this=leads_into(Path(python), real)) for path, python in read if python)
    return (*marks, *islice(told, MOST_SCRIPTS))


def _scripts(prefix: Prefix) -> Iterator[str]:
    """Yield the scripts into which an installer may have written the path."""
    for path, ((package, file), *_) in prefix.owners.items():
        is_written = isinstance(package, Distribution) or file.size_bytes is None
        if path.startswith("bin/") and file.kind == "file" and is_written:
            yield path


def _python(script: Path) -> str | None:
    """Return the Python that a script starts by a whole path, None where it starts none, or cannot be read."""
    try:
        found = _STARTS.match(read_regular(script, _MOST_BYTES) or b"")
    except InputError:
        return None
    return os.fsdecode(found[1]) if found else None


def _birthmark(path: str, named: str, *, is_this: bool) -> Birthmark:
    there: KernelStart = "other" if os.path.exists(named) else "missing"  # noqa: PTH110  (raises no OSError)
    return Birthmark(path, printable(named), "this" if is_this else there)

"""A failure that nobody foresaw becomes a log that is already a bug report.

Allow-listed content only: versions, platform, the names of options and the traceback's own lines. Values of
arguments and variables stay out, since they may hold paths, names or tokens.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from reprocheck import __version__


def write_bug_report(error: Exception, arguments: Sequence[str]) -> str:
    """Write the report to a temporary file and return what to tell the user."""
    text = bug_report(error, arguments)
    told = [
        f"error: this is a bug in reprocheck: {type(error).__name__}",
        "  why:   an unforeseen fault; your files were left as they were",
    ]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="reprocheck-bug-", suffix=".txt", delete=False) as stream:
            stream.write(text)
    except OSError:
        return "\n".join([*told, "  how:   report the lines below", "", text])
    return "\n".join([*told, f"  how:   report it with the file `{stream.name}`"])


def bug_report(error: Exception, arguments: Sequence[str]) -> str:
    """Return the report: versions, the command with option names only, and the traceback without values."""
    options = [argument.split("=", 1)[0] for argument in arguments if argument.startswith("-")]
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(
        [
            f"reprocheck {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}",
            f"command: {' '.join(['reprocheck', command, *options])}",
            *(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames),
            f"{type(error).__name__}",
            "",
        ]
    )

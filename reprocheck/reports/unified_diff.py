"""What a file would become, as a unified diff; credentials are taken out, so such a diff cannot be applied.

Source: POSIX `diff -u`; the line about a missing last line end is GNU's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from reprocheck.model.redaction import public_line
from reprocheck.reports.log_text import log_line
from reprocheck.reports.visible import visible

_LINES = re.compile(r"[^\n]*\n|[^\n]+\Z")


def unified_diff(path: str, before: bytes, after: bytes) -> str:
    """Return the diff of two UTF-8 texts; line ends stay as they are."""
    old, new = (_LINES.findall(data.decode("utf-8")) for data in (before, after))
    shown = visible(path)
    return "".join(_lines(difflib.unified_diff(old, new, shown, shown)))


def _lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        text = line.rstrip("\r\n")
        end = line[len(text) :]
        yield log_line("\t".join(visible(part) for part in public_line(text).split("\t")))
        yield end if end.endswith("\n") else f"{end}\n\\ No newline at end of file\n"

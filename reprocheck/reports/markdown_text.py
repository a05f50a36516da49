"""Text for Markdown in which nothing can be anything but text: code spans, prose, rows of a table, folds.

Names come from files that anybody may have written. Sites act on more than the standard says: they call people
(`@name`), link issues (`#1`) and addresses, and set formulas (`$x$`), some of them after entities and escapes are
resolved. Only code they leave alone, so a word with such a sign becomes a code span.

Sources: CommonMark 0.31.2 §2.4 (backslash escapes), §6.1 (code spans); GitHub Flavored Markdown 0.29, §4.10 (tables),
§6.9 (autolinks); docs.github.com "Basic writing and formatting syntax", "Writing mathematical expressions".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reprocheck.reports.visible import visible

LONGEST_COMMENT = 60_000  # GitHub takes 65,536 characters; some are for who posts the comment.
_CODE = re.compile(r"`([^`]+)`|([^\s`]+)")
_ACTED_ON = re.compile(r"[@$]|://|www\.|[#!%~]\w")
_TICKS = re.compile(r"`+")
_FIRST_MARK = re.compile(r"^(?:[-+=]|\d+[.)])")
_PIPE = "&#124;"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": _PIPE}
_SAFE_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]#~!"} | _ENTITIES)


def code_span(text: str) -> str:
    """Return `text` as code; it is interrupted at pipes, which end a cell of a table in code, too."""
    return _PIPE.join(map(_span, visible(text).split("|")))


def plain(text: str) -> str:
    """Return one line of prose; what stands between backticks in `text` is code there, too."""
    safe = visible(text).strip()
    told, end = "", 0
    for part in _CODE.finditer(safe):
        if part[2] and not _ACTED_ON.search(part[2]):
            continue
        between = safe[end : part.start()]
        # Two code spans that touch would be one.
        told += (_escaped(between) if between or not told else " ") + code_span(part[1] or part[2])
        end = part.end()
    return _FIRST_MARK.sub(_defused, told + _escaped(safe[end:]))


def fenced(lines: Sequence[str], language: str = "") -> str:
    """Return a block of code whose fence is longer than every run of backticks inside."""
    inside = "\n".join(map(visible, lines))
    fence = "`" * max(3, max(map(len, _TICKS.findall(inside)), default=0) + 1)
    return f"{fence}{language}\n{inside}\n{fence}"


def row(cells: Sequence[str]) -> str:
    """Return a row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def folded(title: str, body: str) -> str:
    """Return `body` under a title that unfolds it; both are Markdown already, the title without marks."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def sentence(text: str) -> str:
    """Return `text` with a capital letter in front."""
    return text[:1].upper() + text[1:]


def _span(text: str) -> str:
    """Return a code span whose fence is longer than every run of backticks inside."""
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}" if text.strip() else text


def _escaped(text: str) -> str:
    return text.replace("->", "→").translate(_SAFE_MARKS)


def _defused(mark: re.Match[str]) -> str:
    """No list and no underline begins with the text."""
    return f"{mark[0][:-1]}\\{mark[0][-1]}"

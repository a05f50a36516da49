"""Globs over whole paths: `*` and `?` stay within one name, `**` stands for any number of folders."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def matches_glob(path: str, glob: str) -> bool:
    """Say whether a path with `/` between its names matches `glob`; letter case counts, also on Windows."""
    return _matches(path.split("/"), glob.split("/"))


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        # At the end of a glob it stands for what is in a folder, not for the folder.
        starts = range(len(names) + 1) if len(patterns) > 1 else range(len(names), 0, -1)
        return any(_matches(names[start:], patterns[1:]) for start in starts)
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])

"""What well-known conda packages need, for environment files without a lock.

Read by `reprocheck check` wherever conda and pip meet, so line by line with one pattern, not by a YAML parser.
Source: the table `known_needs.yaml`, whose rows name theirs.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("tables") / "known_needs.yaml"
_ROW = r"^- \{conda: (\S+), needs: (\S+), source: \[[^\]]+\], confidence: (\w+)"


def known_paths(names: Iterable[str]) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Return what conda packages are known to bring: a shortest path to each, and whether every step of it is sure."""
    start = tuple(names)
    sure = {path[-1]: (path, True) for path in _walk(start, only_sure=True)}
    return {path[-1]: (path, False) for path in _walk(start, only_sure=False)} | sure


def _walk(names: tuple[str, ...], *, only_sure: bool) -> Iterator[tuple[str, ...]]:
    """Yield the path to each package that is reached, breadth first."""
    seen: set[str] = set()
    queue: deque[tuple[str, ...]] = deque((name,) for name in names)
    while queue:
        path = queue.popleft()
        if path[-1] not in seen:
            seen.add(path[-1])
            yield path
            queue.extend((*path, need) for need, sure in _needs().get(path[-1], ()) if sure or not only_sure)


@cache
def _needs() -> dict[str, tuple[tuple[str, bool], ...]]:
    needs: dict[str, tuple[tuple[str, bool], ...]] = {}
    for name, need, confidence in re.findall(_ROW, _TABLE.read_text(encoding="utf-8"), re.MULTILINE):
        needs[name] = (*needs.get(name, ()), (need, confidence == "high"))
    return needs

"""What well-known conda packages need, for environment files without a lock.

Source: the table `known_needs.yaml`, whose rows name theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache

from reprocheck.facts.tables import rows_of, text


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
    for row in rows_of("known_needs", "needs"):
        name, need = text(row, "conda"), text(row, "needs")
        needs[name] = (*needs.get(name, ()), (need, text(row, "confidence") == "high"))
    return needs

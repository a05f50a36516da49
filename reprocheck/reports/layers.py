"""Put the nodes of a directed graph into columns so that edges lead to the right and seldom cross.

Circles are broken by turning the edges that close them; the column of a node is the length of the longest path to it;
the order within columns comes from a fixed number of barycentre sweeps, of which the one with the fewest crossings
stays. Nothing is random and ties keep the order of the input, so the same graph always gives the same picture.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", IEEE SMC 11
(1981); Gansner et al., "A technique for drawing directed graphs", IEEE TSE 19 (1993).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int]
Neighbours = Mapping[int, list[int]]

_SWEEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Columns of node numbers, top to bottom; numbers from `count` on are bends of edges that pass a column.

    `routes` are, for each edge of the input, the numbers it passes from its left end to its right end; `turned` are the
    places of the edges that lead to the left.
    """

    columns: tuple[tuple[int, ...], ...]
    routes: tuple[tuple[int, ...], ...]
    turned: frozenset[int]


def layers_of(count: int, edges: Sequence[Edge]) -> Layers:
    """Return the layers of the nodes 0 to `count` - 1."""
    turned = _closing_edges(count, edges)
    forwards = [(there, here) if place in turned else (here, there) for place, (here, there) in enumerate(edges)]
    levels = _levels(count, forwards)
    routes, bends = _routes(count, forwards, levels)
    levels = [*levels, *bends]
    columns: list[list[int]] = [[] for _ in range(max(levels, default=-1) + 1)]
    for node, level in enumerate(levels):
        columns[level].append(node)
    steps = [step for route in routes for step in pairwise(route)]
    return Layers(columns=_ordered(columns, steps), routes=tuple(routes), turned=turned)


def _closing_edges(count: int, edges: Sequence[Edge]) -> frozenset[int]:
    """Return the places of the edges that lead back to where a depth-first walk came from."""
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for place, (here, there) in enumerate(edges):
        leaving[here].append((place, there))
    closing: set[int] = set()
    state = [0] * count  # 1 while the walk is below a node, 2 when it is through with it
    for root in range(count):
        stack = [root] if state[root] == 0 else []
        while stack:
            node = stack[-1]
            state[node] = state[node] or 1
            ahead = next((there for _, there in leaving[node] if state[there] == 0), None)
            if ahead is not None:
                stack.append(ahead)
                continue
            closing.update(place for place, there in leaving[node] if state[there] == 1)
            state[node] = 2
            stack.pop()
    return frozenset(closing)


def _levels(count: int, edges: Iterable[Edge]) -> list[int]:
    """Return the column of every node: as far left as it can be, but close to the one node that it leads to."""
    after, before = _neighbours(count, edges)
    order = _sorted_by_need(count, after, before)
    levels = [0] * count
    for node in order:
        levels[node] = max((levels[other] + 1 for other in before[node]), default=0)
    for node in reversed(order):
        if len(after[node]) > len(before[node]):
            levels[node] = min(levels[other] for other in after[node]) - 1
    return levels


def _neighbours(count: int, edges: Iterable[Edge]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    after: dict[int, list[int]] = {node: [] for node in range(count)}
    before: dict[int, list[int]] = {node: [] for node in range(count)}
    for here, there in edges:
        after[here].append(there)
        before[there].append(here)
    return after, before


def _sorted_by_need(count: int, after: Neighbours, before: Neighbours) -> list[int]:
    """Return the nodes so that every edge leads from an earlier to a later one."""
    waiting = {node: len(before[node]) for node in range(count)}
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for other in after[node]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order


def _routes(count: int, edges: Iterable[Edge], levels: Sequence[int]) -> tuple[list[tuple[int, ...]], list[int]]:
    """Return what every edge passes, and the columns of the bends that it takes."""
    routes: list[tuple[int, ...]] = []
    bends: list[int] = []
    for here, there in edges:
        between = range(levels[here] + 1, levels[there])
        first = count + len(bends)
        bends.extend(between)
        routes.append((here, *range(first, first + len(between)), there))
    return routes, bends


def _ordered(columns: Sequence[Sequence[int]], steps: Sequence[Edge]) -> tuple[tuple[int, ...], ...]:
    """Return the columns with their nodes in the order that crosses the fewest edges."""
    count = sum(map(len, columns))
    after, before = _neighbours(count, steps)
    current = [list(column) for column in columns]
    best, fewest = [list(column) for column in current], _crossings(current, after)
    for sweep in range(_SWEEPS):
        sides = before if sweep % 2 == 0 else after
        inwards = current[1:] if sweep % 2 == 0 else list(reversed(current[:-1]))
        places = {node: place for column in current for place, node in enumerate(column)}
        for column in inwards:
            _sort_by_barycentre(column, sides, places)
        crossings = _crossings(current, after)
        if crossings < fewest:
            best, fewest = [list(column) for column in current], crossings
    return tuple(map(tuple, best))


def _sort_by_barycentre(column: list[int], sides: Neighbours, places: dict[int, int]) -> None:
    """Sort a column by the mean place of each node's neighbours; a node without any stays where it is."""

    def centre(node: int) -> tuple[int, int]:
        others = [places[other] for other in sides[node]] or [places[node]]
        return (sum(others) * 1_000_000 // len(others), places[node])

    column.sort(key=centre)
    places.update({node: place for place, node in enumerate(column)})


def _crossings(columns: Sequence[Sequence[int]], after: Neighbours) -> int:
    """Return how many pairs of edges cross, all columns together."""
    total = 0
    for left, right in pairwise(columns):
        places = {node: place for place, node in enumerate(right)}
        ends = [place for node in left for place in sorted(places[other] for other in after[node])]
        total += sum(earlier > later for at, later in enumerate(ends) for earlier in ends[:at])
    return total

"""Walk the links of a platform as a tree: from what was declared downwards, or from a package upwards.

What a package needs is told once; a walk keeps its own stack, since a lock may hold a chain of any length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reprocheck.graph.described import Describe
from reprocheck.graph.links import Link, Links, Node
from reprocheck.model.package_graphs import TreeRow
from reprocheck.model.redaction import public_line

Below = Mapping[Node, tuple[Link, ...]]

_ANY_DEPTH = 1 << 62


def users(links: Links) -> Below:
    """Return who needs each package, in the order of the lock, with the constraint that it puts on it."""
    found: dict[Node, list[Link]] = {}
    for node, needed in links.needs.items():
        for link in {link.target: link for link in reversed(needed)}.values():
            found.setdefault(link.target, []).append(Link(target=node, constraint=link.constraint))
    return {node: tuple(origins) for node, origins in found.items()}


def leaves(links: Links) -> tuple[Node, ...]:
    """Return the packages that need nothing else, in the order of the lock."""
    return tuple(node for node, needed in links.needs.items() if not needed)


def tree_rows(roots: Sequence[Node], below: Below, describe: Describe, depth: int | None = None) -> Iterator[TreeRow]:
    """Yield the rows of the trees below `roots`, at most `depth` levels under them.

    A package is followed where it first comes up, and again where a depth had cut that short and there is more room.
    """
    room: dict[Node, int] = {}
    stack: list[tuple[Node, str | None, int, bool]] = [(root, None, 0, True) for root in reversed(roots)]
    while stack:
        node, constraint, level, is_last = stack.pop()
        links, left = below.get(node, ()), _ANY_DEPTH if depth is None else depth - level
        followed = bool(links) and left > room.get(node, 0)
        yield TreeRow(
            depth=level,
            is_last=is_last,
            package=describe(node),
            constraint=constraint,
            repeated=bool(links) and not followed and node in room,
        )
        if followed:
            room[node] = left
            children = [(link.target, public_line(link.constraint), level + 1) for link in reversed(links)]
            stack.extend((*child, place == 0) for place, child in enumerate(children))

"""A summation tree: which sums are added to which, in the order of the places of the summands.

Additions commute, so the children of a node have no order of their own; they are kept by their first summand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

Children = Tuple[int, ...]


class Outline(NamedTuple):
    """What is known of every node, leaves first: its leaves, its first place, the length of its longest way down.

    Two nodes of one `shape` are the same tree, moved by the difference of their first places.
    """

    sizes: List[int]
    first: List[int]
    depths: List[int]
    shapes: List[int]


@dataclass(frozen=True)
class Tree:
    """Leaf i is the summand at `places[i]`, ascending; node `len(places) + k` adds its children `nodes[k]`.

    Children come before their parents, the root is the last. Two children are added, more are added at once.
    """

    places: Tuple[int, ...]
    nodes: Tuple[Children, ...]

    @property
    def root(self) -> int:
        """The node of the whole sum."""
        return len(self.places) + len(self.nodes) - 1

    def children(self, node: int) -> Children:
        """Return what a node adds, nothing for a leaf."""
        leaves = len(self.places)
        return () if node < leaves else self.nodes[node - leaves]

    @cached_property
    def outline(self) -> Outline:
        """What is known of every node."""
        return _outline(self)


def ordered(places: Sequence[int], nodes: Iterable[Children]) -> Tree:
    """Return the tree with the children of every node by their first place."""
    first = list(places)
    sorted_nodes: List[Children] = []
    for children in nodes:
        kept = tuple(sorted(children, key=lambda child: first[child]))
        first.append(first[kept[0]])
        sorted_nodes.append(kept)
    return Tree(tuple(places), tuple(sorted_nodes))


def parents_of(tree: Tree) -> List[int]:
    """Return the parent of every node; that of the root is itself."""
    parents = [tree.root] * (tree.root + 1)
    for number, children in enumerate(tree.nodes):
        for child in children:
            parents[child] = len(tree.places) + number
    return parents


def meeting_size(tree: Tree, one: int, other: int, parents: Sequence[int]) -> int:
    """Return how many leaves the smallest sum has that holds both leaves; `parents` are those of the tree."""
    while one != other:
        # Children come before their parents: the smaller number is the one to climb from.
        one, other = (parents[one], other) if one < other else (one, parents[other])
    return tree.outline.sizes[one]


def _outline(tree: Tree) -> Outline:
    """Return the outline of a tree whose children are in order."""
    count = len(tree.places)
    outline = Outline([1] * count, list(tree.places), [0] * count, [0] * count)
    known: Dict[object, int] = {}
    for children in tree.nodes:
        first = outline.first[children[0]]
        shape = tuple((outline.shapes[child], outline.first[child] - first) for child in children)
        outline.sizes.append(sum(outline.sizes[child] for child in children))
        outline.first.append(first)
        outline.depths.append(1 + max(outline.depths[child] for child in children))
        outline.shapes.append(known.setdefault(shape, len(known) + 1))
    return outline

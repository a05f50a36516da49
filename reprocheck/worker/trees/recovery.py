"""Recover a summation tree from the sizes of the sums in which pairs of summands meet.

FPRev (Xie et al., USENIX ATC 2025): take a leaf as pivot; leaves that meet it in sums of one size were added to it
together, and are looked into next, each group with a pivot of its own. All groups of a round are asked together.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

from ..hashing import hashed_below, key_of
from .tree import Tree, meeting_size, ordered, parents_of

Pair = Tuple[int, int]
Ask = Callable[[List[Pair]], List[int]]

QUERIES_PER_LEAF = 24
CHECKED_PAIRS = 32


class UnrecoveredError(Exception):
    """The answers are those of no summation tree, or of one that takes too many questions."""


class Group(NamedTuple):
    """Leaves that meet some pivot in sums of `limit` leaves; `turn` counts how often a first look told nothing."""

    leaves: List[int]
    limit: int
    turn: int


class Looked(NamedTuple):
    """A group, and its leaves by the size of the sum in which they meet its pivot, as numbers of groups."""

    group: Group
    pivot: int
    parts: List[Tuple[int, int]]


def recover(ask: Ask, places: Sequence[int]) -> Tree:
    """Return the tree of the summands at `places`, ascending; `ask` gets pairs of indices into `places`.

    Raises:
        UnrecoveredError: the answers contradict each other or the tree, or are too many.
    """
    count = len(places)
    looked = _look(ask, count)
    tree = ordered(places, _nodes(looked, count))
    _check(ask, tree)
    return tree


def _look(ask: Ask, count: int) -> List[Looked]:
    looked: List[Looked] = []
    waiting = [Group(list(range(count)), count + 1, 0)]
    asked = 0
    while waiting:
        pivots = [_pivot(group) for group in waiting]
        pairs = [(pivot, leaf) for pivot, group in zip(pivots, waiting) for leaf in group.leaves if leaf != pivot]
        asked += len(pairs)
        if asked > QUERIES_PER_LEAF * count:
            raise UnrecoveredError("the tree takes more than {} questions".format(QUERIES_PER_LEAF * count))
        answers = dict(zip(pairs, ask(pairs) if pairs else []))
        number = len(looked) + len(waiting)  # of the first group of the next round
        following: List[Group] = []
        for pivot, group in zip(pivots, waiting):
            parts = _parts(group, pivot, answers)
            looked.append(
                Looked(group, pivot, [(part.limit, number + len(following) + i) for i, part in enumerate(parts)])
            )
            following += parts
        waiting = following
    return looked


def _pivot(group: Group) -> int:
    """Return the first leaf, the last where the first told nothing, and then one in the middle."""
    middle = len(group.leaves) // 2
    return group.leaves[(0, -1, middle)[min(group.turn, 2)]]


def _parts(group: Group, pivot: int, answers: Dict[Pair, int]) -> List[Group]:
    by_size: Dict[int, List[int]] = {}
    for leaf in group.leaves:
        if leaf != pivot:
            by_size.setdefault(answers[pivot, leaf], []).append(leaf)
    parts = []
    for size, leaves in sorted(by_size.items()):
        if size > group.limit:
            raise UnrecoveredError("the answers are those of no tree")
        parts.append(Group(leaves, size, group.turn + 1 if 2 * len(leaves) > len(group.leaves) else 0))
    return parts


def _nodes(looked: List[Looked], count: int) -> List[Tuple[int, ...]]:
    """Return the nodes, children first; a group that meets its own pivot at its limit has more than one child there."""
    nodes: List[Tuple[int, ...]] = []
    sizes = [1] * count
    children_of: Dict[int, List[int]] = {}
    for number in range(len(looked) - 1, -1, -1):
        group, pivot, parts = looked[number]
        top, siblings = pivot, []
        for size, part in parts:
            children = children_of.pop(part)
            if size == group.limit:
                siblings = children
                continue
            nodes.append((top, *children))
            top = count + len(nodes) - 1
            sizes.append(sum(sizes[child] for child in nodes[-1]))
            if sizes[top] != size:
                raise UnrecoveredError("the answers are those of no tree")
        children_of[number] = [top, *siblings]
    return nodes


def _check(ask: Ask, tree: Tree) -> None:
    """Ask about pairs that were not needed: the tree must know the answers."""
    count = len(tree.places)
    if count < 2:
        return
    drawn = hashed_below(key_of("pairs of a tree", count), 2 * CHECKED_PAIRS, count).tolist()
    pairs = [(one, other) for one, other in zip(drawn[::2], drawn[1::2]) if one != other]
    parents = parents_of(tree)
    expected = [meeting_size(tree, one, other, parents) for one, other in pairs]
    if ask(pairs) != expected:
        raise UnrecoveredError("the answers change from call to call, or are those of no tree")

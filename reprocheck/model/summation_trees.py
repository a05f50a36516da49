"""Summation trees in words, and two of them side by side: where two machines begin to add in another order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from reprocheck.errors import InputError
from reprocheck.model.summation_tree_text import SummationTree, read_tree

Row = tuple[str, str, str]


def describe_tree(tree: SummationTree) -> str:
    """Return size and depth of a tree in words."""
    count = len(tree.places)
    at_once = f", up to {tree.widest} at once" if tree.widest > 2 else ""
    told = f"{count} terms, {tree.depth} additions deep{at_once}" if count > 1 else "1 term"
    return "; ".join([told, *tree.parts])


def side_by_side(old: str, new: str) -> tuple[Row, ...]:
    """Return label, old and new of all that differs between two texts: depth, the first other sum, how is added.

    A text that cannot be read, such as one cut short, is only said to be so; where a side has none there is nothing.
    """
    if old == new or not (old and new):
        return ()
    try:
        one, other = read_tree(old), read_tree(new)
    except InputError:
        return (("order", _shortened(old), _shortened(new)),)
    rows = [
        ("terms", str(len(one.places)), str(len(other.places))),
        ("additions deep", str(one.depth), str(other.depth)),
        *_first_difference(one, other),
        ("added", "; ".join(one.parts) or "plainly", "; ".join(other.parts) or "plainly"),
    ]
    return tuple(row for row in rows if row[1] != row[2])


def side_by_side_lines(old: str, new: str, titles: tuple[str, str] = ("there", "here")) -> tuple[str, ...]:
    """Return `side_by_side` as aligned lines below a line of titles; nothing where nothing differs."""
    rows = side_by_side(old, new)
    if not rows:
        return ()
    table = [("", *titles), *rows]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    return tuple(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip() for row in table)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


# The places of a sum by count, first, last, sum and sum of squares: enough to tell those of two trees apart.
_Set = tuple[int, int, int, int, int]


def _first_difference(old: SummationTree, new: SummationTree) -> Iterator[Row]:
    """Yield what the first sum that both have, by first place and size, is added to, where that is something else."""
    old_sets, new_sets = _sets(old), _sets(new)
    olds, news = _joined(old, old_sets), _joined(new, new_sets)
    for part in sorted(olds.keys() & news.keys(), key=lambda part: (part[1], part)):
        (node, *others), (_, *new_others) = olds[part], news[part]
        if sorted(old_sets[other] for other in others) != sorted(new_sets[other] for other in new_others):
            what = "term" if part[0] == 1 else "the sum of"
            yield f"{what} {_words(old, [node])} is added to", _words(old, others), _words(new, new_others)
            return


def _sets(tree: SummationTree) -> list[_Set]:
    """Return the places of every node."""
    sets: list[_Set] = [(1, place, place, place, place * place) for place in tree.places]
    for children in tree.nodes:
        counts, firsts, lasts, totals, squares = zip(*(sets[child] for child in children), strict=True)
        sets.append((sum(counts), min(firsts), max(lasts), sum(totals), sum(squares)))
    return sets


def _joined(tree: SummationTree, sets: Sequence[_Set]) -> Mapping[_Set, tuple[int, ...]]:
    """Return, by its places, every node but the root and the nodes that it is added to."""
    return {
        sets[child]: (child, *(other for other in children if other != child))
        for children in tree.nodes
        for child in children
    }


def _words(tree: SummationTree, nodes: Sequence[int]) -> str:
    """Return the places of the nodes in words: `0`, `0 to 127`, `0 to 224 by 32`, `8 terms of 1 to 100`."""
    return " and ".join(_places_in_words(_places(tree, node)) for node in nodes)


def _places(tree: SummationTree, node: int) -> list[int]:
    waiting, found = [node], []
    while waiting:
        at = waiting.pop()
        if at < len(tree.places):
            found.append(tree.places[at])
        else:
            waiting += tree.nodes[at - len(tree.places)]
    return sorted(found)


def _places_in_words(places: Sequence[int]) -> str:
    if len(places) == 1:
        return str(places[0])
    steps = {after - before for before, after in pairwise(places)}
    if len(steps) > 1:
        return f"{len(places)} terms of {places[0]} to {places[-1]}"
    step = steps.pop()
    return f"{places[0]} to {places[-1]}" + (f" by {step}" if step > 1 else "")

"""The canonical text of a summation tree: one text for one tree, short where the tree is regular.

    tree  := place | "(" chain ")" | "{" items "}"
    chain := item (" " item)+            added from left to right: (a + b) + c
    items := item (" " item)+            added all at once, with one rounding
    item  := term | term "*" times step | "<" item (" " item)* ">*" times step
    term  := tree | "[" items "]"        in a chain: added all at once to what came before
    step  := ("+" | "-") digits

`T*3+8` stands for T, T moved by 8 places, T moved by 16; `<A B>*2+8` for A, B, A moved by 8, B moved by 8.
`reprocheck/model/summation_trees.py` reads it.
"""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Tuple

from .tree import Tree

LONGEST_PERIOD = 32
LEAF = ((0, 0),)  # the shape of an item that is one summand


class Item(NamedTuple):
    """Nodes that are added at once, most often one; two items of one `shape` differ by how far they are moved."""

    nodes: Tuple[int, ...]
    shape: Tuple[Tuple[int, int], ...]
    first: int

    @property
    def is_leaf(self) -> bool:
        """Whether this is one summand."""
        return self.shape == LEAF


class Writer:
    """Writes the nodes of one tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._outline = tree.outline

    def term(self, node: int) -> str:
        """Return the text of a node; texts nest no deeper than the logarithm of the number of leaves."""
        if not self._tree.children(node):
            return str(self._tree.places[node])
        chain = self.chain(node)
        if len(chain) > 1:
            return "(" + self._sequence(chain) + ")"
        return "{" + self._sequence([self.item(child) for child in self._tree.children(node)]) + "}"

    def chain(self, node: int) -> List[Item]:
        """Return what a chain of additions adds, in order: down the largest child, as long as it has no equal."""
        found: List[Item] = []
        while True:
            children = self._tree.children(node)
            largest = max(children, key=lambda child: self._outline.sizes[child], default=node)
            has_equal = sum(self._outline.shapes[child] == self._outline.shapes[largest] for child in children) > 1
            if has_equal and len(children) == 2:
                return [*map(self.item, children), *reversed(found)]
            if has_equal or not children:
                return [self.item(node), *reversed(found)]
            found.append(self.item(*(child for child in children if child != largest)))
            node = largest

    def item(self, *nodes: int) -> Item:
        """Return the item of nodes that are in order."""
        first = self._outline.first[nodes[0]]
        return Item(
            nodes, tuple((self._outline.shapes[node], self._outline.first[node] - first) for node in nodes), first
        )

    def _sequence(self, items: List[Item]) -> str:
        return sequence(items, self._word)

    def _word(self, item: Item) -> str:
        if len(item.nodes) == 1:
            return self.term(item.nodes[0])
        return "[" + self._sequence([self.item(node) for node in item.nodes]) + "]"


def sequence(items: List[Item], word: Callable[[Item], str]) -> str:
    """Return items with their repetitions, each written by `word`."""
    words: List[str] = []
    at = 0
    while at < len(items):
        period, times, step = _repetition(items, at)
        inner = word(items[at]) if period == 1 else "<" + sequence(items[at : at + period], word) + ">"
        words.append(inner if times == 1 else "{}*{}{:+d}".format(inner, times, step))
        at += period * times
    return " ".join(words)


def _repetition(items: List[Item], at: int) -> Tuple[int, int, int]:
    """Return period, times and step of the repetition that covers most items from `at` on."""
    best, covered = (1, 1, 0), 1
    for period in range(1, min(LONGEST_PERIOD, (len(items) - at) // 2) + 1):
        times, step = _repeated(items, at, period)
        is_worth_it = times > 2 or (times == 2 and period == 1 and not items[at].is_leaf)
        if is_worth_it and times * period > covered:
            best, covered = (period, times, step), times * period
    return best


def _repeated(items: List[Item], at: int, period: int) -> Tuple[int, int]:
    """Return how often the next `period` items come in a row, and by how many places each time moves."""
    step = items[at + period].first - items[at].first
    end = at + period
    while end < len(items):
        now, before = items[end], items[end - period]
        if now.shape != before.shape or now.first - before.first != step:
            break
        end += 1
    return (end - at) // period, step


def text_of(tree: Tree) -> str:
    """Return the canonical text of a tree."""
    return Writer(tree).term(tree.root)


def places_text(places: List[int]) -> str:
    """Return places as a chain of them is written, `0 3*63+4`."""
    return sequence([Item((), LEAF, place) for place in places], lambda item: str(item.first))

"""The canonical text of a summation tree: one text for one tree, short where the tree is regular.

    tree  := place | "(" item (" " item)+ ")" | "{" item (" " item)+ "}"
    item  := tree | tree "*" times step | "<" item (" " item)+ ">*" times step
    step  := ("+" | "-") digits

`(a b c)` adds from left to right, (a + b) + c; `{a b c}` adds all at once; `T*3+8` stands for T, T moved by 8 places,
T moved by 16; `<A B>*2+8` for A, B, A moved by 8, B moved by 8. `model/summation_trees.py` reads it.
"""

from __future__ import annotations

from typing import List, Tuple

from .tree import Outline, Tree, outline_of

LONGEST_PERIOD = 32
LEAF = 0  # the shape of a leaf


class Writer:
    """Writes the nodes of one tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.outline: Outline = outline_of(tree)

    def term(self, node: int) -> str:
        """Return the text of a node; texts nest no deeper than the logarithm of the number of leaves."""
        if node < len(self._tree.places):
            return str(self._tree.places[node])
        children = self._tree.nodes[node - len(self._tree.places)]
        if len(children) > 2:
            return "{" + self._sequence(list(children)) + "}"
        return "(" + self._sequence(self.items(node)) + ")"

    def items(self, node: int) -> List[int]:
        """Return what a chain of additions adds, in order: down the larger child, up to two of one shape."""
        found: List[int] = []
        while True:
            children = self._children(node)
            if len(children) != 2:
                found.append(node)
                break
            one, other = children
            if self.outline.shapes[one] == self.outline.shapes[other]:
                found += [other, one]
                break
            if self.outline.sizes[other] > self.outline.sizes[one]:
                one, other = other, one
            found.append(other)
            node = one
        return found[::-1]

    def _children(self, node: int) -> Tuple[int, ...]:
        leaves = len(self._tree.places)
        return () if node < leaves else self._tree.nodes[node - leaves]

    def _sequence(self, items: List[int]) -> str:
        words: List[str] = []
        at = 0
        while at < len(items):
            period, times, step = self._repetition(items, at)
            if times == 1:
                words.append(self.term(items[at]))
            else:
                inner = self._sequence(items[at : at + period])
                words.append("{}*{}{:+d}".format(inner if period == 1 else "<" + inner + ">", times, step))
            at += period * times
        return " ".join(words)

    def _repetition(self, items: List[int], at: int) -> Tuple[int, int, int]:
        """Return period, times and step of the repetition that covers most items from `at` on."""
        best, covered = (1, 1, 0), 1
        for period in range(1, min(LONGEST_PERIOD, (len(items) - at) // 2) + 1):
            times, step = self._repeated(items, at, period)
            is_worth_it = times > 2 or (times == 2 and period == 1 and self.outline.shapes[items[at]] != LEAF)
            if is_worth_it and times * period > covered:
                best, covered = (period, times, step), times * period
        return best

    def _repeated(self, items: List[int], at: int, period: int) -> Tuple[int, int]:
        """Return how often the next `period` items come in a row, and by how many places each time moves."""
        first, shapes = self.outline.first, self.outline.shapes
        step = first[items[at + period]] - first[items[at]]
        end = at + period
        while end < len(items):
            now, before = items[end], items[end - period]
            if shapes[now] != shapes[before] or first[now] - first[before] != step:
                break
            end += 1
        return (end - at) // period, step


def text_of(tree: Tree) -> str:
    """Return the canonical text of a tree."""
    return Writer(tree).term(tree.root)

"""A summation tree, read from the canonical text that the worker writes.

The grammar of the text, which `reprocheck/worker/trees/text.py` and `arithmetic_text.py` write::

    text  := tree ("; " part)*           parts say how is added: `fma`, `in fp64`, `products rounded`
    tree  := place | "(" chain ")" | "{" items "}"
    chain := item (" " item)+            added from left to right: (a + b) + c
    items := item (" " item)+            added all at once, with one rounding
    item  := term | term "*" times step | "<" item (" " item)* ">*" times step
    term  := tree | "[" items "]"        in a chain: added all at once to what came before
    step  := ("+" | "-") digits

`T*3+8` stands for T, T moved by 8 places, T moved by 16; `<A B>*2+8` for A, B, A moved by 8, B moved by 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprocheck.errors import InputError

MOST_TERMS = 1 << 16
DEEPEST_NESTING = 64
LONGEST_TOKEN = 30
_TOKEN = re.compile(r"\d+|[(){}\[\]<>]|\*\d+[+-]\d+")
_CLOSING = {"(": ")", "{": "}", "[": "]", "<": ">"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SummationTree:
    """Leaf i is the summand at `places[i]`, ascending; node `len(places) + k` adds its children `nodes[k]`.

    Children come before their parents and stand by their first place; the root is the last. `parts` say how is added.
    """

    places: tuple[int, ...]
    nodes: tuple[tuple[int, ...], ...]
    parts: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """The number of additions on the longest way from a summand to the sum."""
        depths = [0] * len(self.places)
        for children in self.nodes:
            depths.append(1 + max(depths[child] for child in children))
        return depths[-1]

    @property
    def widest(self) -> int:
        """How many numbers are added at once at most."""
        return max(map(len, self.nodes), default=1)


@dataclass(frozen=True, slots=True)
class _Sum:
    """What is written between brackets; of a plain place, the place alone."""

    bracket: str
    items: tuple[_Item, ...] = ()
    place: int = 0


@dataclass(frozen=True, slots=True)
class _Item:
    """Terms, or items between angle brackets, that come so many times, each time moved by `step` places."""

    terms: tuple[_Sum | _Item, ...]
    times: int = 1
    step: int = 0


def read_tree(text: str) -> SummationTree:
    """Return the tree that a text stands for.

    Raises:
        InputError: the text is cut short, or of another grammar.
    """
    tree, *parts = text.split("; ")
    tokens = _TOKEN.findall(tree)
    if "".join(tokens) != tree.replace(" ", "") or max(map(len, tokens), default=0) > LONGEST_TOKEN:
        raise _unreadable("a sign that belongs to no tree")
    reader = _Reader(tokens)
    term = reader.term(0)
    if reader.next:
        raise _unreadable("something behind the tree")
    return _Builder().built(term, tuple(parts))


def _unreadable(why: str) -> InputError:
    return InputError("a summation tree cannot be read", why=f"its text holds {why}", how="take the fingerprint anew")


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> str:
        """The next token, empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def term(self, nesting: int) -> _Sum:
        """Read a place or a sum between brackets."""
        token = self._take()
        if token.isdigit():
            return _Sum("", place=int(token))
        if token not in ("(", "{", "[") or nesting > DEEPEST_NESTING:
            raise _unreadable(f"`{token}` where a sum should be")
        items = self._items(_CLOSING[token], nesting)
        return _Sum(token, items)

    def _items(self, closing: str, nesting: int) -> tuple[_Item, ...]:
        items: list[_Item] = []
        while self.next != closing:
            items.append(self._item(nesting + 1))
        self._take()
        if not items:
            raise _unreadable("brackets around nothing")
        return tuple(items)

    def _item(self, nesting: int) -> _Item:
        if self.next == "<" and nesting <= DEEPEST_NESTING:
            self._take()
            terms: tuple[_Sum | _Item, ...] = self._items(">", nesting)
        else:
            terms = (self.term(nesting),)
        if not self.next.startswith("*"):
            return _Item(terms)
        times, step = re.split(r"(?=[+-])", self._take()[1:])
        return _Item(terms, int(times), int(step))

    def _take(self) -> str:
        token = self.next
        if not token:
            raise _unreadable("no end")
        self._at += 1
        return token


class _Builder:
    """Builds the nodes of a term; leaves are numbered from -1 down until all places are known."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._nodes: list[tuple[int, ...]] = []

    def built(self, term: _Sum, parts: tuple[str, ...]) -> SummationTree:
        """Return the tree of a term."""
        self._node(term, 0)
        places = sorted(self._places)
        if len(set(places)) < len(places) or places[0] < 0:
            raise _unreadable("a place twice, or none")
        ranks = {place: rank for rank, place in enumerate(places)}
        first = list(places)
        nodes = []
        for children in self._nodes:
            known = [len(places) + child if child >= 0 else ranks[self._places[-1 - child]] for child in children]
            known.sort(key=first.__getitem__)
            first.append(first[known[0]])
            nodes.append(tuple(known))
        return SummationTree(places=tuple(places), nodes=tuple(nodes), parts=parts)

    def _node(self, term: _Sum, moved: int) -> int:
        if not term.bracket:
            if len(self._places) >= MOST_TERMS:
                raise _unreadable(f"more than {MOST_TERMS} terms")
            self._places.append(term.place + moved)
            return -len(self._places)
        groups = [self._group(inner, by) for inner, by in _expanded(term.items, moved)]
        if len(groups) < 2 or len(groups[0]) > 1 or not all(groups) or term.bracket == "[":
            raise _unreadable("a sum of fewer than two terms")
        if term.bracket == "{":
            return self._added([child for group in groups for child in group])
        top = groups[0][0]
        for group in groups[1:]:
            top = self._added([top, *group])
        return top

    def _group(self, term: _Sum, moved: int) -> list[int]:
        """Return what a term of a chain adds: one number, or those between square brackets."""
        if term.bracket != "[":
            return [self._node(term, moved)]
        return [self._node(inner, by) for inner, by in _expanded(term.items, moved)]

    def _added(self, children: list[int]) -> int:
        self._nodes.append(tuple(children))
        return len(self._nodes) - 1


def _expanded(items: Sequence[_Item], moved: int) -> Iterator[tuple[_Sum, int]]:
    """Yield the terms of items, each with how far it is moved."""
    for item in items:
        for turn in range(item.times):
            by = moved + turn * item.step
            for term in item.terms:
                if isinstance(term, _Item):
                    yield from _expanded((term,), by)
                else:
                    yield term, by

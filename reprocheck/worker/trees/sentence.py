"""A summation tree in words for people: `32 lanes of stride 32, each of 8 in order, then pairwise`."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

from .text import Item, Writer
from .tree import Tree

GROUPS = (2, 4, 8, 16, 32)


class Layers(NamedTuple):
    """Equal parts of equal parts: how many, from the outermost on, and the terms of the innermost chain."""

    counts: List[int]
    chain: List[Item]


def sentence_of(tree: Tree, step: int = 1) -> str:
    """Return the order in words; `step` is how far the places that were looked at are apart."""
    if len(tree.places) < 2:
        return "one term"
    writer = Writer(tree)
    layers = _layers(writer, tree)
    told = _regular(layers, step) or _blocks(writer, writer.chain(tree.root), step) or _uneven(writer, tree)
    return told if step == 1 else told + ", as one place in {} shows".format(step)


def _layers(writer: Writer, tree: Tree) -> Layers:
    counts: List[int] = []
    chain = writer.chain(tree.root)
    while len(chain) > 1 and not chain[0].is_leaf and _moves(chain) is not None:
        counts.append(len(chain))
        chain = writer.chain(chain[0].nodes[0])
    return Layers(counts, chain)


def _moves(items: List[Item]) -> Optional[int]:
    """Return by how many places each item is moved against the one before; None where they differ by more."""
    moves = {items[at].first - items[at - 1].first for at in range(1, len(items))}
    return moves.pop() if len(moves) == 1 and len({item.shape for item in items}) == 1 else None


def _regular(layers: Layers, step: int) -> Optional[str]:
    chain, length = layers.chain, len(layers.chain)
    if not all(item.is_leaf for item in chain):
        return _at_once(layers)
    # The first two of a chain are no order; a chain from the end begins with the last but one.
    moved = _moves(chain) or _moves([chain[1], chain[0], *chain[2:]])
    order = _order(chain, moved)
    if order is None:
        return None
    if not layers.counts:
        return "one chain " + order
    if length == 2 and set(layers.counts) == {2}:
        return "pairwise"
    many = 1
    for count in layers.counts:
        many *= count
    places = [item.first for item in chain]
    if max(places) - min(places) == (length - 1) * step:
        return "{} blocks of {} {}, {}".format(many, length * step, order, _joined(layers.counts))
    stride = "" if moved is None else " of stride {}".format(abs(moved) // step)
    return "{} lanes{}, each of {} {}, {}".format(many, stride, length, order, _joined(layers.counts))


def _order(chain: List[Item], moved: Optional[int]) -> Optional[str]:
    """Describe the order of the leaves of a chain, None where it has no name."""
    if moved is not None:
        return "in order" if moved > 0 else "in reverse order"
    ranks = {place: rank for rank, place in enumerate(sorted(item.first for item in chain))}
    order = [ranks[item.first] for item in chain]
    for size in GROUPS:
        if len(order) > size and all(rank // size == at // size for at, rank in enumerate(order)):
            if size == 2:
                return "in order of pairs, the second of each pair first"
            return "in order of groups of {}, each in an order of its own".format(size)
    return None


def _joined(counts: List[int]) -> str:
    """Say how equal parts are joined, the innermost first; runs of twos are pairwise."""
    words: List[str] = []
    inner = list(reversed(counts))
    while inner:
        count = inner[0]
        run = 1
        while count == 2 and run < len(inner) and inner[run] == 2:
            run += 1
        inner = inner[run:]
        how = "pairwise" if run > 1 else "in order"
        if count**run == 2:
            words.append("then two by two" if inner else "then both")
        elif inner:
            words.append("then {0} by {0} {1}".format(count**run, how))
        else:
            words.append("then the {} sums {}".format(count**run, how) if words else "then " + how)
    return ", ".join(words)


def _at_once(layers: Layers) -> Optional[str]:
    """Describe a chain of adders of many: a first sum at once, then groups with what came before."""
    groups = layers.chain[1:]
    if layers.counts or not groups or (_moves(groups) is None and len(groups) > 1):
        return None
    width = len(groups[0].nodes)
    return "{} terms at a time, added at once to the sum so far".format(width) if width > 1 else None


def _blocks(writer: Writer, chain: List[Item], step: int) -> Optional[str]:
    """Describe a chain of unequal blocks without gaps, each in order."""
    leading = _leading(chain)
    added = [chain[:leading]] if leading else []
    added += [writer.chain(item.nodes[0]) for item in chain[leading:]]
    blocks = sorted(added, key=lambda block: block[0].first)
    flat = [item for block in blocks for item in block]
    if len(blocks) < 2 or not all(item.is_leaf for item in flat) or _moves(flat) != step:
        return None
    joined = "both" if len(blocks) == 2 else "in order" if blocks == added else "in an order of their own"
    sizes = [len(block) * step for block in blocks]
    if len(set(sizes[:-1])) == 1:
        return "blocks of {}, the last of {}, each in order, then {}".format(sizes[0], sizes[-1], joined)
    return "blocks of {} to {}, each in order, then {}".format(min(sizes), max(sizes), joined)


def _uneven(writer: Writer, tree: Tree) -> str:
    chains, singles = _chains(writer, tree)
    wide = max((len(children) for children in tree.nodes), default=0)
    if wide == len(tree.places) > 2:
        return "all at once"
    alone = "{} single term{}".format(singles, "s" if singles > 1 else "")
    many = "{} chains of {} terms".format(len(chains), _range(chains)) if len(chains) > 1 else ""
    one = "a chain of {} terms".format(chains[0]) if len(chains) == 1 else ""
    told = " and ".join(filter(None, [many or one, alone if singles else ""]))
    return told + ", joined unevenly" + (", up to {} at once".format(wide) if wide > 2 else "")


def _chains(writer: Writer, tree: Tree) -> Tuple[List[int], int]:
    """Return the lengths of the chains that begin with two terms or more, and the number of terms added alone."""
    lengths: List[int] = []
    singles = 0
    waiting = [tree.root]
    while waiting:
        items = writer.chain(waiting.pop())
        if len(items) == 1:  # a sum at once has no chain
            items = [writer.item(*tree.children(items[0].nodes[0]))]
        leading = _leading(items)
        lengths += [leading] if leading > 1 else []
        singles += leading if leading == 1 else 0
        for item in items[leading:]:
            leaves = [node for node in item.nodes if not tree.children(node)]
            singles += len(leaves)
            waiting += [node for node in item.nodes if tree.children(node)]
    return sorted(lengths), singles


def _leading(items: List[Item]) -> int:
    """Return with how many leaves a chain begins."""
    return next((at for at, item in enumerate(items) if not item.is_leaf), len(items))


def _range(lengths: List[int]) -> str:
    return str(lengths[0]) if lengths[0] == lengths[-1] else "{} to {}".format(lengths[0], lengths[-1])

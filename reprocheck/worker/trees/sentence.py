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
    moves = {now.first - before.first for before, now in zip(items, items[1:])}
    return moves.pop() if len(moves) == 1 and len({item.shape for item in items}) == 1 else None


def _regular(layers: Layers, step: int) -> Optional[str]:
    if not all(item.is_leaf for item in layers.chain):
        return _at_once(layers)
    moved = _moves(layers.chain)
    if moved is None:
        return _grouped(layers.chain) if not layers.counts else None
    moved, length = moved // step, len(layers.chain)
    if not layers.counts:
        return _one_chain(moved)
    if length == 2 and set(layers.counts) == {2}:
        return "pairwise"
    many = 1
    for count in layers.counts:
        many *= count
    if moved == 1:
        return "{} blocks of {} in order, {}".format(many, length, _joined(layers.counts))
    return "{} lanes of stride {}, each of {} in order, {}".format(many, moved, length, _joined(layers.counts))


def _one_chain(moved: int) -> str:
    if moved == 1:
        return "one chain in order"
    return "one chain in reverse order" if moved == -1 else "one chain in steps of {}".format(moved)


def _grouped(chain: List[Item]) -> str:
    places = [item.first for item in chain]
    ranks = {place: rank for rank, place in enumerate(sorted(places))}
    order = [ranks[place] for place in places]
    for size in GROUPS:
        if len(order) > size and all(rank // size == at // size for at, rank in enumerate(order)):
            if size == 2:
                return "one chain in order of pairs, the second of each pair first"
            return "one chain in order of groups of {}, each group in an order of its own".format(size)
    return "one chain, not in order"


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
    if layers.counts or not groups or _moves(groups) is None and len(groups) > 1:
        return None
    width = len(groups[0].nodes)
    return "{} terms at a time, added at once to the sum so far".format(width) if width > 1 else None


def _blocks(writer: Writer, chain: List[Item], step: int) -> Optional[str]:
    """Describe a chain of unequal blocks without gaps, each in order."""
    leading = 0
    while leading < len(chain) and chain[leading].is_leaf:
        leading += 1
    blocks = [chain[:leading]] if leading else []
    blocks += [writer.chain(item.nodes[0]) for item in chain[leading:]]
    flat = [item for block in blocks for item in block]
    if len(blocks) < 2 or not all(item.is_leaf for item in flat) or _moves(flat) != step:
        return None
    sizes = [len(block) * step for block in blocks]
    if len(set(sizes[:-1])) == 1:
        told = "blocks of {}, the last of {}".format(sizes[0], sizes[-1])
    else:
        told = "blocks of " + ", ".join(map(str, sizes))
    return told + ", each in order, then " + ("both" if len(sizes) == 2 else "in order")


def _uneven(writer: Writer, tree: Tree) -> str:
    chains, singles = _chains(writer, tree)
    wide = max((len(children) for children in tree.nodes), default=0)
    told = (
        "chains of {} terms".format(_range(chains)) if len(chains) > 1 else "a chain of {} terms".format(_range(chains))
    )
    told = "{} {}".format(len(chains), told) if len(chains) > 1 else told
    if singles:
        told += " and {} single term{}".format(singles, "s" if singles > 1 else "")
    return told + (", joined unevenly" if wide == 2 else ", joined unevenly, up to {} at once".format(wide))


def _chains(writer: Writer, tree: Tree) -> Tuple[List[int], int]:
    """Return the lengths of the chains that begin with two terms or more, and the number of terms added alone."""
    lengths: List[int] = []
    singles = 0
    waiting = [tree.root]
    while waiting:
        items = writer.chain(waiting.pop())
        if len(items) == 1:  # a sum at once
            items = [writer.item(child) for child in tree.children(items[0].nodes[0])]
        leading = 0
        while leading < len(items) and items[leading].is_leaf:
            leading += 1
        lengths += [leading] if leading > 1 else []
        singles += leading if leading == 1 else 0
        for item in items[leading:]:
            leaves = [node for node in item.nodes if not tree.children(node)]
            singles += len(leaves)
            waiting += [node for node in item.nodes if tree.children(node)]
    return sorted(lengths), singles


def _range(lengths: List[int]) -> str:
    if not lengths:
        return "no"
    return str(lengths[0]) if lengths[0] == lengths[-1] else "{} to {}".format(lengths[0], lengths[-1])

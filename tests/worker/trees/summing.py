"""Sums whose order is known, as the worker asks them, and trees of any shape."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="sums are made by torch", exc_type=ImportError)

from reprocheck.model.summation_tree_text import SummationTree, read_tree
from reprocheck.worker.trees.job import recovered
from reprocheck.worker.trees.summation import Questions, Summation
from reprocheck.worker.trees.tree import Tree, ordered

CPU = torch.device("cpu")
Compute = Callable[[Any, Any], Any]


def summation(compute: Compute, *, dtype: str = "fp32", size: int = 16, rows: int = 8, columns: int = 0) -> Summation:
    return Summation("invented", dtype, size, rows, columns, compute)


def asked(summation: Summation) -> dict[str, Any]:
    return {key: value for key, value in recovered(summation, CPU, 1).items() if key != "ns"}


def questions_of(summation: Summation) -> Questions:
    return Questions(summation, CPU, 1)


def in_order(order: Sequence[int]) -> Compute:
    """Return a sum along the rows that adds one place after the other."""

    def compute(left: Any, _: Any) -> Any:
        total = left[:, order[0]]
        for place in order[1:]:
            total = total + left[:, place]
        return total

    return compute


def by_tree(tree: Tree) -> Compute:
    """Return a sum along the rows that adds as the tree has it; nodes of more than two are rounded once."""

    def compute(left: Any, _: Any) -> Any:
        values = [left[:, place] for place in tree.places]
        for children in tree.nodes:
            total = torch.stack([values[child].to(torch.float64) for child in children]).sum(0)
            values.append(total.to(left.dtype))
        return values[-1]

    return compute


def random_tree(seed: int, count: int, widest: int = 2) -> Tree:
    """Return a tree that joins whatever a generator draws."""
    draw = random.Random(seed)
    waiting = list(range(count))
    nodes = []
    while len(waiting) > 1:
        taken = [waiting.pop(draw.randrange(len(waiting))) for _ in range(min(len(waiting), draw.randint(2, widest)))]
        nodes.append(tuple(taken))
        waiting.append(count + len(nodes) - 1)
    return ordered(range(count), nodes)


def tree_of(text: str) -> Tree:
    """Return the worker's tree of a text."""
    read = read_tree(text)
    return Tree(read.places, read.nodes)


def sums_of(tree: Tree | SummationTree) -> set[frozenset[frozenset[int]]]:
    """Return what is added to what, as sets of places: equal for equal trees, however their nodes are numbered."""
    sets = [frozenset([place]) for place in tree.places]
    found = set()
    for children in tree.nodes:
        found.add(frozenset(sets[child] for child in children))
        sets.append(frozenset().union(*(sets[child] for child in children)))
    return found

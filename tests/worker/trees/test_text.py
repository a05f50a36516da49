"""One text for one tree, short where it is regular, and read back by the model."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    pytest.importorskip("torch", reason="the worker's modules load torch", exc_type=ImportError)

from reprocheck.model.summation_tree_text import read_tree
from reprocheck.worker.trees.sentence import sentence_of
from reprocheck.worker.trees.text import places_text, text_of
from reprocheck.worker.trees.tree import Tree, ordered
from tests.worker.trees.summing import random_tree, sums_of, tree_of

TOLD = [
    ("0", "one term"),
    ("(0 1)", "one chain in order"),
    ("(0*256+1)", "one chain in order"),
    ("(254 255 253*254-1)", "one chain in reverse order"),
    ("(((((0 1)*2+2)*2+4)*2+8)*2+16)", "pairwise"),
    ("((((((0*8+32)*2+16)*2+8)*2+4)*2+2)*2+1)", "32 lanes of stride 32, each of 8 in order, then pairwise"),
    (
        "(((0*8+32)*4+8)*8+1)",
        "32 lanes of stride 32, each of 8 in order, then 4 by 4 in order, then the 8 sums in order",
    ),
    ("((0*256+1)*2+256)", "2 blocks of 256 in order, then both"),
    ("((0*64+4)*4+1)", "4 lanes of stride 4, each of 64 in order, then in order"),
    ("((0*384+1)*2+384 (768*256+1))", "blocks of 384, the last of 256, each in order, then in order"),
    ("(0*112+1 (224*32+1) (112*112+1))", "blocks of 112, the last of 32, each in order, then in an order of their own"),
    ("(0*9+1 (9*6+1) (15*7+1))", "blocks of 6 to 9, each in order, then in order"),
    ("(0*8+1 (8*4+1))", "blocks of 8, the last of 4, each in order, then both"),
    ("(0 1 <3 2>*127+2)", "one chain in order of pairs, the second of each pair first"),
    ("(0*4+1 7*4-1 8 9 11 10)", "one chain in order of groups of 4, each in an order of its own"),
    (
        "((0 1 <3 2>*3+2)*2+8)",
        "2 blocks of 8 in order of pairs, the second of each pair first, then both",
    ),
    (
        "((0 2 <6 4>*3+4)*2+1)",
        "2 lanes, each of 8 in order of pairs, the second of each pair first, then both",
    ),
    ("(((0*4+8)*2+4)*4+1)", "8 lanes of stride 8, each of 4 in order, then two by two, then the 4 sums in order"),
    ("(0*3+1 4*126+2 (3*127+2))", "2 chains of 127 to 129 terms, joined unevenly"),
    ("(0*5+2 (1 3) 5)", "2 chains of 2 to 5 terms and 1 single term, joined unevenly"),
    ("(0 4 2 1 3)", "a chain of 5 terms, joined unevenly"),
    ("({0*4+1} [4*4+1]*7+4)", "4 terms at a time, added at once to the sum so far"),
    ("({0*4+1} [4*3+1] 7)", "8 single terms, joined unevenly, up to 4 at once"),
    ("{0*16+1}", "all at once"),
    ("{(0 1)*2+2 4}", "2 chains of 2 terms and 1 single term, joined unevenly, up to 3 at once"),
]


@pytest.mark.parametrize(("text", "sentence"), TOLD)
def test_a_tree_has_one_text_and_a_sentence(text: str, sentence: str) -> None:
    tree = tree_of(text)
    assert text_of(tree) == text
    assert sentence_of(tree) == sentence


@pytest.mark.parametrize("widest", [2, 3, 9])
def test_the_model_reads_what_the_worker_writes(widest: int) -> None:
    for seed in range(60):
        tree = random_tree(seed, 1 + 3 * seed % 50, widest)
        read = read_tree(text_of(tree))
        assert read.places == tree.places
        assert sums_of(read) == sums_of(tree)
        assert text_of(Tree(read.places, read.nodes)) == text_of(tree)
        assert read.depth == tree.outline.depths[tree.root]


def test_the_text_does_not_depend_on_the_order_of_additions_and_children() -> None:
    one = ordered(range(4), [(0, 1), (2, 3), (4, 5)])
    other = ordered(range(4), [(3, 2), (1, 0), (4, 5)])
    assert text_of(one) == text_of(other) == "(0 1 (2 3))".replace("0 1 (2 3)", "(0 1)*2+2")


def test_another_order_has_another_text() -> None:
    texts = {text_of(random_tree(seed, 12)) for seed in range(200)}
    trees = {frozenset(sums_of(random_tree(seed, 12))) for seed in range(200)}
    assert len(texts) == len(trees) > 150


def test_a_grid_keeps_its_places_and_says_so() -> None:
    tree = tree_of("((0*4+2048)*4+8192)")
    assert text_of(tree) == "((0*4+2048)*4+8192)"
    assert sentence_of(tree, 2048) == "4 blocks of 8192 in order, then in order, as one place in 2048 shows"


def test_a_chain_of_a_hundred_thousand_nests_nowhere() -> None:
    assert text_of(tree_of("(0*60000+1)")) == "(0*60000+1)"


def test_places_are_written_like_a_chain() -> None:
    assert places_text([0, 4, 8, 12, 13]) == "0*4+4 13"
    assert places_text([]) == ""

"""Trees are read from their text and laid side by side; a text of another grammar is refused."""

from __future__ import annotations

import pytest

from reprocheck.errors import InputError
from reprocheck.model.summation_tree_text import MOST_TERMS, SummationTree, read_tree
from reprocheck.model.summation_trees import describe_tree, side_by_side, side_by_side_lines

BLOCKS = "((0*128+1)*2+128); fma"
CHAIN = "(0*256+1); fma"


def test_a_chain_adds_from_left_to_right() -> None:
    assert read_tree("(0 2 1)") == SummationTree(places=(0, 1, 2), nodes=((0, 2), (3, 1)))


def test_braces_and_brackets_add_at_once() -> None:
    tree = read_tree("({0 1 2} [3 4] 5); at once rounded")
    assert tree.nodes == ((0, 1, 2), (6, 3, 4), (7, 5))
    assert tree.widest == 3
    assert tree.parts == ("at once rounded",)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("(0*4+1)", "(0 1 2 3)"),
        ("(3*4-1)", "(3 2 1 0)"),
        ("((0 1)*3+2)", "((0 1) (2 3) (4 5))"),
        ("(0 1 <3 2>*2+2)", "(0 1 3 2 5 4)"),
        ("((<0 4>*2+1 9)*2+20)", "((0 4 1 5 9) (20 24 21 25 29))"),
        ("(<<0 1>*2+10 5>*2+100 7)", "(0 1 10 11 5 100 101 110 111 105 7)"),
        ("({0 1} [2*2+1]*2+2)", "({0 1} [2 3] [4 5])"),
    ],
)
def test_repetitions_stand_for_what_they_repeat(short: str, long: str) -> None:
    assert read_tree(short) == read_tree(long)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no end"),
        ("(0 1", "no end"),
        ("(0*256+1...", "a sign that belongs to no tree"),
        ("(0 1) 2", "something behind the tree"),
        ("(0)", "a sum of fewer than two terms"),
        ("()", "brackets around nothing"),
        ("([0 1] 2)", "a sum of fewer than two terms"),
        ("(0 >)", "`>` where a sum should be"),
        ("(0 0)", "a place twice, or none"),
        ("(3*5-1)", "a place twice, or none"),
        ("(" * 80, "`(` where a sum should be"),
        ("(0*99999999999+1)", f"more than {MOST_TERMS} terms"),
        ("(<0>*99999999999+0 1)", f"more than {MOST_TERMS} terms"),
        ("(<>*99999999999+0 1)", "brackets around nothing"),
        ("(0 [])", "brackets around nothing"),
        ("(0 [1*0+1])", "a sum of fewer than two terms"),
        ("(0*0+1 1)", "a sum of fewer than two terms"),
        ("[0 1]", "a sum of fewer than two terms"),
        ("(0 " + "1" * 5000 + ")", "a sign that belongs to no tree"),
    ],
)
def test_a_text_of_another_grammar_is_refused(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read_tree(text)
    assert caught.value.lines() == [
        "error: a summation tree cannot be read",
        f"  why:   its text holds {why}",
        "  how:   take the fingerprint anew",
    ]


def test_a_tree_in_words() -> None:
    assert describe_tree(read_tree(BLOCKS)) == "256 terms, 128 additions deep; fma"
    assert describe_tree(read_tree("({0*4+1} [4*4+1]*7+4)")) == "32 terms, 8 additions deep, up to 5 at once"
    assert describe_tree(read_tree("0")) == "1 term"


@pytest.mark.parametrize(("old", "new"), [("", CHAIN), (CHAIN, ""), ("", "")])
def test_where_a_side_has_no_tree_nothing_is_side_by_side(old: str, new: str) -> None:
    assert side_by_side(old, new) == ()


def test_equal_trees_have_nothing_side_by_side() -> None:
    assert side_by_side(CHAIN, CHAIN) == ()
    assert side_by_side_lines(CHAIN, CHAIN) == ()


def test_the_first_sum_that_is_added_to_something_else_is_named() -> None:
    assert side_by_side_lines(CHAIN, BLOCKS) == (
        "                                 there  here",
        "additions deep                   255    128",
        "the sum of 0 to 127 is added to  128    128 to 255",
    )


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("(0*4+1)", "((0 2) (1 3))", ("term 0 is added to", "1", "2")),
        ("((0 1)*2+2)", "{0 1 2 3}", ("term 0 is added to", "1", "1 and 2 and 3")),
        ("((0*4+2) (1*4+2))", "((0*4+2) 1*4+2)", ("the sum of 0 to 6 by 2 is added to", "1 to 7 by 2", "1")),
        ("(0 1 (2 3 9) 5)", "(0 1 5 (2 3 9))", ("the sum of 0 to 1 is added to", "3 terms of 2 to 9", "5")),
    ],
)
def test_sums_are_named_by_their_places(old: str, new: str, row: tuple[str, str, str]) -> None:
    assert row in side_by_side(old, new)


def test_how_is_added_and_how_many_are_told() -> None:
    assert side_by_side("(0*4+1); fma", "(0*4+1)") == (("added", "fma", "plainly"),)
    assert side_by_side("(0*4+1)", "(0*5+1)") == (("terms", "4", "5"), ("additions deep", "3", "4"))


def test_a_text_that_was_cut_short_is_shown_as_it_is() -> None:
    cut = "(0 7 3 9 " * 20 + "..."
    assert side_by_side(cut, CHAIN) == (("order", cut[:57] + "...", CHAIN),)

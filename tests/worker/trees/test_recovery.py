"""Trees come back from the sizes of the sums in which pairs meet, and nothing else passes for one."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    pytest.importorskip("torch", reason="the worker's modules load torch", exc_type=ImportError)

from reprocheck.worker.trees.recovery import QUERIES_PER_LEAF, Ask, Pair, UnrecoveredError, recover
from reprocheck.worker.trees.tree import Tree, meeting_size, ordered, parents_of
from tests.worker.trees.summing import random_tree, sums_of, tree_of


class Answers:
    """Answers from a known tree; counts pairs and rounds."""

    def __init__(self, tree: Tree) -> None:
        self._tree, self._parents = tree, parents_of(tree)
        self.pairs, self.rounds = 0, 0

    def __call__(self, pairs: list[Pair]) -> list[int]:
        self.pairs += len(pairs)
        self.rounds += 1
        return [meeting_size(self._tree, one, other, self._parents) for one, other in pairs]


@pytest.mark.parametrize("widest", [2, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 17, 64])
def test_any_tree_is_recovered(count: int, widest: int) -> None:
    for seed in range(20):
        tree = random_tree(seed, count, widest)
        found = recover(Answers(tree), tree.places)
        assert found.places == tree.places
        assert sums_of(found) == sums_of(tree)


def test_a_chain_takes_one_question_a_summand() -> None:
    answers = Answers(tree_of("(0*256+1)"))
    recover(answers, range(256))
    assert answers.pairs - 32 <= 255


def test_a_chain_from_the_end_takes_two_questions_a_summand() -> None:
    answers = Answers(tree_of("(254 255 253*254-1)"))
    recover(answers, range(256))
    assert answers.pairs - 32 <= 2 * 255
    assert answers.rounds == 3  # from both ends, and to check


def test_lanes_take_fewer_questions_than_summands_times_the_logarithm() -> None:
    answers = Answers(tree_of("((((((0*8+32)*2+16)*2+8)*2+4)*2+2)*2+1)"))
    recover(answers, range(256))
    assert answers.pairs < 256 * 8


def test_one_adder_of_everything_takes_too_many_questions() -> None:
    with pytest.raises(UnrecoveredError, match=f"the tree takes more than {64 * QUERIES_PER_LEAF} questions"):
        recover(lambda pairs: [64] * len(pairs), range(64))


def test_an_adder_of_sixteen_is_recovered() -> None:
    assert recover(lambda pairs: [16] * len(pairs), range(16)).nodes == (tuple(range(16)),)


def too_small(pairs: list[Pair]) -> list[int]:
    return [4] * len(pairs)


def too_large(pairs: list[Pair]) -> list[int]:
    return [9] * len(pairs)


@pytest.mark.parametrize("ask", [too_small, too_large])
def test_answers_of_no_tree_are_refused(ask: Ask) -> None:
    with pytest.raises(UnrecoveredError, match="the answers are those of no tree"):
        recover(ask, range(6))


def test_answers_that_change_are_refused() -> None:
    trees = [Answers(tree_of("(0*16+1)")), Answers(tree_of("(14 15 13*14-1)"))]

    def ask(pairs: list[Pair]) -> list[int]:
        return trees.pop(0)(pairs)

    with pytest.raises(UnrecoveredError, match="the answers change from call to call, or are those of no tree"):
        recover(ask, range(16))


def test_the_order_of_children_is_that_of_their_first_places() -> None:
    assert ordered((0, 1, 2, 3), [(3, 1), (4, 2), (5, 0)]) == Tree((0, 1, 2, 3), ((1, 3), (4, 2), (0, 5)))

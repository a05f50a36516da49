"""QuickXplain against every subset."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.locking.solving.minimal_conflict import minimal_conflict

CLASHES = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4)


def explain(count: int, clashes: Sequence[frozenset[int]]) -> tuple[tuple[int, ...], int]:
    calls = 0

    async def clash(items: Sequence[int]) -> bool:
        nonlocal calls
        calls += 1
        return any(one <= set(items) for one in clashes)

    return asyncio.run(minimal_conflict(range(count), clash)), calls


@given(CLASHES)
def test_the_conflict_clashes_and_no_part_of_it_does(clashes: list[frozenset[int]]) -> None:
    found, _ = explain(10, clashes)
    assert any(one <= set(found) for one in clashes)
    for part in combinations(found, len(found) - 1):
        assert not any(one <= set(part) for one in clashes)
    assert list(found) == sorted(found)


def test_two_culprits_among_two_hundred_take_few_solves() -> None:
    found, calls = explain(200, [frozenset({17, 150})])
    assert found == (17, 150)
    assert calls < 40


def test_a_machine_that_meets_nothing_is_a_conflict_of_no_specs() -> None:
    assert explain(3, [frozenset()]) == ((), 1)

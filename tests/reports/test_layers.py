"""Layered layout: edges lead to the right, nothing overlaps, the same graph gives the same picture."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.reports.columns import place_columns
from reprocheck.reports.layers import layers_of

EDGES = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda e: e[0] != e[1]), max_size=30
        ),
    )
)


@given(EDGES)
def test_every_edge_goes_one_column_a_step_to_the_right(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    layers = layers_of(count, edges)
    column_of = {node: number for number, column in enumerate(layers.columns) for node in column}
    assert set(range(count)) <= column_of.keys()
    for place, ((here, there), route) in enumerate(zip(edges, layers.routes, strict=True)):
        assert (route[0], route[-1]) == ((there, here) if place in layers.turned else (here, there))
        assert all(column_of[right] == column_of[left] + 1 for left, right in pairwise(route))


@given(EDGES)
def test_boxes_of_a_column_never_touch(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    layers = layers_of(count, edges)
    heights = [40 + 10 * (node % 3) for node in range(count)]
    columns = len(layers.columns)
    placed = place_columns(layers, heights, [100] * columns, [50] * columns)
    assert placed.width == 150 * columns - 50
    for column in layers.columns:
        for above, below in pairwise(column):
            apart = placed.middles[below] - placed.middles[above]
            tall = [heights[node] if node < count else 12 for node in (above, below)]
            assert apart >= sum(tall) / 2 + 7
    assert all(0 <= middle <= placed.height for middle in placed.middles)


def test_a_graph_without_circles_turns_nothing_round() -> None:
    layers = layers_of(4, [(0, 1), (1, 2), (0, 2), (3, 2)])
    assert layers.turned == frozenset()
    assert layers.columns == ((0,), (1, 3, 4), (2,))  # 3 stands beside the one that it leads to, 4 is a bend
    assert layers.routes == ((0, 1), (1, 2), (0, 4, 2), (3, 2))


def test_the_edge_that_closes_a_circle_is_turned() -> None:
    assert layers_of(3, [(0, 1), (1, 2), (2, 0)]).turned == {2}


def test_crossings_are_taken_out_by_order() -> None:
    layers = layers_of(4, [(0, 3), (1, 2)])
    [left, right] = layers.columns
    assert [{0: 3, 1: 2}[node] for node in left] == list(right)


def test_nothing_has_no_size() -> None:
    placed = place_columns(layers_of(0, []), [], [], [])
    assert (placed.width, placed.height) == (0, 0)

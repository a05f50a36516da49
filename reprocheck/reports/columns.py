"""Give the columns of a layered graph their places in pixels: boxes level with what they are tied to, none touching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reprocheck.reports.layers import Layers

_SWEEPS = 16
_BEND_HEIGHT = 12
_BETWEEN_BOXES = 18
_BETWEEN_BENDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Middle of every box and bend from the top, left and right side of its column, and how large it all is."""

    middles: tuple[int, ...]
    sides: Mapping[int, tuple[int, int]]
    width: int
    height: int


def place_columns(layers: Layers, heights: Sequence[int], widths: Sequence[int], gaps: Sequence[int]) -> Placed:
    """Return the places; `heights` are those of the boxes, `widths` of the columns, `gaps` what lies behind each."""
    sides: list[tuple[int, int]] = []
    for width, gap in zip(widths, (0, *gaps), strict=False):
        left = sides[-1][1] + gap if sides else 0
        sides.append((left, left + width))
    middles = _middles(layers, heights)
    tops = [middle - _height(node, heights) / 2 for node, middle in middles.items()]
    bottoms = [middle + _height(node, heights) / 2 for node, middle in middles.items()]
    top = min(tops, default=0)
    return Placed(
        middles=tuple(round(middles[node] - top) for node in sorted(middles)),
        sides={node: side for column, side in zip(layers.columns, sides, strict=True) for node in column},
        width=sides[-1][1] if sides else 0,
        height=round(max(bottoms, default=0) - top),
    )


def _height(node: int, heights: Sequence[int]) -> int:
    return heights[node] if node < len(heights) else _BEND_HEIGHT


def _middles(layers: Layers, heights: Sequence[int]) -> dict[int, float]:
    """Return where every box and bend is level: at the mean of its neighbours, as far as its column allows."""
    steps = [step for route in layers.routes for step in pairwise(route)]
    tied: dict[int, list[int]] = {}
    for here, there in steps:
        tied.setdefault(here, []).append(there)
        tied.setdefault(there, []).append(here)
    middles: dict[int, float] = {}
    for column in layers.columns:
        middles.update(_apart(column, dict.fromkeys(column, 0.0), heights))
    for sweep in range(_SWEEPS):
        for column in layers.columns if sweep % 2 == 0 else reversed(layers.columns):
            wanted = {node: _mean(tied.get(node) or [node], middles) for node in column}
            middles.update(_apart(column, wanted, heights))
    return middles


def _mean(nodes: Sequence[int], middles: Mapping[int, float]) -> float:
    return sum(middles[node] for node in nodes) / len(nodes)


def _apart(column: Sequence[int], wanted: Mapping[int, float], heights: Sequence[int]) -> dict[int, float]:
    """Return places in the order of the column that are as near to the wanted ones as the distances allow.

    Pool adjacent violators: the least squares solution under an order.
    """
    offsets = _offsets(column, heights)
    pools: list[tuple[float, int]] = []  # mean and how many
    for node, offset in zip(column, offsets, strict=True):
        mean, size = wanted[node] - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, size = (mean * size + other * others) / (size + others), size + others
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    return {node: mean + offset for node, mean, offset in zip(column, means, offsets, strict=True)}


def _offsets(column: Sequence[int], heights: Sequence[int]) -> list[float]:
    """Return how far below the first one's middle each middle is at the least."""
    offsets = [0.0]
    for above, node in pairwise(column):
        both_bend = above >= len(heights) and node >= len(heights)
        gap = _BETWEEN_BENDS if both_bend else _BETWEEN_BOXES
        offsets.append(offsets[-1] + (_height(above, heights) + _height(node, heights)) / 2 + gap)
    return offsets[: len(column)]

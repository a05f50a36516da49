"""Name a rounding by what it does to known numbers.

All numbers are integers in quarters of the last place: 4 is one unit in the last place, 2 is half way (IEEE 754-2019,
4.3).
"""

from __future__ import annotations

from typing import Callable, Dict, Sequence, Tuple

QUARTERS = (1, 2, 3)


def _nearest_even(q: int) -> int:
    return _down(q) + (4 if q % 4 > 2 or (q % 4 == 2 and (q // 4) % 2) else 0)


def _nearest_away(q: int) -> int:
    return _down(q) + (4 if q % 4 > 2 or (q % 4 == 2 and q > 0) else 0)


def _down(q: int) -> int:
    return q - q % 4


def _up(q: int) -> int:
    return -_down(-q)


def _toward_zero(q: int) -> int:
    return _down(q) if q > 0 else _up(q)


def _away_from_zero(q: int) -> int:
    return _up(q) if q > 0 else _down(q)


def _to_odd(q: int) -> int:
    return q if q % 4 == 0 else _down(q) + (0 if (q // 4) % 2 else 4)


ROUNDINGS: Dict[str, Callable[[int], int]] = {
    "nearest-even": _nearest_even,
    "nearest-away": _nearest_away,
    "toward-zero": _toward_zero,
    "away-from-zero": _away_from_zero,
    "up": _up,
    "down": _down,
    "to-odd": _to_odd,
}


def rounding_of(seen: Sequence[Tuple[int, object]]) -> str:
    """Return the one rounding that turns every first number into its second; empty where there is not exactly one."""
    fitting = [name for name, rounded in ROUNDINGS.items() if all(rounded(q) == result for q, result in seen)]
    return fitting[0] if len(fitting) == 1 else ""

"""The smallest set of specs that clash: take one away, and the rest can be met.

QuickXplain (Junker 2004, "Preferred explanations and relaxations for over-constrained problems"): about
k·log(n/k) solves for k culprits among n, where trying each spec in turn takes n.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Clash = Callable[[Sequence[T]], Awaitable[bool]]


async def minimal_conflict(items: Sequence[T], clash: Clash[T]) -> tuple[T, ...]:
    """Return a subset of `items`, in their order, that clashes and loses the clash without any one of them.

    `clash` says whether some items cannot be met together; all `items` must clash, and more items never help.
    """
    if await clash(()):
        return ()
    culprits = await _explain((), (), items, clash)
    return tuple(item for item in items if any(item is culprit for culprit in culprits))


async def _explain(background: tuple[T, ...], added: Sequence[T], items: Sequence[T], clash: Clash[T]) -> tuple[T, ...]:
    """Return what of `items` is needed, beside `background`, for a clash; `added` came to it last."""
    if added and await clash(background):
        return ()
    if len(items) == 1:
        return tuple(items)
    half = len(items) // 2
    first, second = tuple(items[:half]), tuple(items[half:])
    from_second = await _explain((*background, *first), first, second, clash)
    from_first = await _explain((*background, *from_second), from_second, first, clash)
    return (*from_first, *from_second)

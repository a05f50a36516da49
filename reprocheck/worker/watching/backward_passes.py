"""Backward passes: each tells the loss that it began at."""

from __future__ import annotations

import functools
from typing import Any, List

from .guard import Guard
from .ledger import Ledger
from .loss_scaling import Scaling


class Backward:
    """Hears of each call of `torch.autograd.backward`; those within another one recompute a checkpoint."""

    def __init__(self, guard: Guard, ledger: Ledger, scaling: Scaling) -> None:
        self._guard = guard
        self._ledger = ledger
        self._scaling = scaling
        self._depth = 0

    def install(self, torch: Any) -> None:
        """Let `torch.autograd.backward` tell us."""
        original = torch.autograd.backward
        is_traced = self._guard.is_traced

        @functools.wraps(original)
        def backward(*args: Any, **kwargs: Any) -> Any:
            if is_traced():
                return original(*args, **kwargs)
            if self._depth == 0:
                self._guard.hold("backward", self._hear, args, kwargs)
            self._depth += 1
            try:
                return original(*args, **kwargs)
            finally:
                self._depth -= 1

        torch.autograd.backward = backward

    def _hear(self, args: Any, kwargs: Any) -> None:
        self._ledger.begin_backward()
        for tensor in _tensors(args[0] if args else kwargs["tensors"]):
            self._ledger.add_loss(*self._scaling.unscaled(tensor))


def _tensors(given: Any) -> List[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]

"""Optimizer steps: the outermost one counts, whatever it is wrapped in and whatever steps within it."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Callable, Optional

from .guard import After, Guard
from .ledger import Ledger


class Optimizers:
    """Hears of new optimizers, of their steps and of gradients that are set to zero.

    `made(optimizer)`, `before(optimizer, has_closure)` and `after(optimizer)` are called for what happened.
    """

    def __init__(self, guard: Guard, ledger: Ledger) -> None:
        self._guard = guard
        self._ledger = ledger
        self._stepping: Any = None  # the frame in which the outermost step runs
        self._own: Any = None  # our hook behind those that the program gave to the optimizer

    def install(self, torch: Any, made: Callable[[Any], None], before: Callable[..., None], after: Any) -> None:
        """Let all optimizers tell us."""
        self._before, self._after = before, after
        optimizer_module = importlib.import_module("torch.optim.optimizer")
        optimizer_module.register_optimizer_step_pre_hook(self._step_begins)
        optimizer_module.register_optimizer_step_post_hook(self._step_ends)

        def before_making(args: Any, _kwargs: Any) -> Optional[After]:
            return lambda _result: made(args[0])

        def before_zeroing(_args: Any, _kwargs: Any) -> Optional[After]:
            self._ledger.note("Z")
            return None

        self._guard.patch(torch.optim.Optimizer, "__init__", before_making)
        self._guard.patch(torch.optim.Optimizer, "zero_grad", before_zeroing)
        self._guard.patch(torch.nn.Module, "zero_grad", before_zeroing)

    def _step_begins(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._guard.is_traced() or not self._guard.is_on:
            return
        frame = sys._getframe(1)
        if self._is_within(frame):
            return
        self._stepping = frame
        has_closure = any(map(callable, [*args[1:], *kwargs.values()]))
        if optimizer._optimizer_step_pre_hooks:
            # The program's own hooks run behind ours and may change the gradients: look when they are done.
            self._own = optimizer.register_step_pre_hook(
                lambda *_given: self._guard.hold("step", self._before, optimizer, has_closure)
            )
        else:
            self._guard.hold("step", self._before, optimizer, has_closure)

    def _is_within(self, frame: Any) -> bool:
        """Say whether an outer step is running; one that raised is no longer among the callers."""
        outer = frame if self._stepping is not None else None
        while outer is not None and outer is not self._stepping:
            outer = outer.f_back
        return outer is not None

    def _step_ends(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._guard.is_traced() or sys._getframe(1) is not self._stepping:
            return
        self._stepping = None
        if self._own is not None:
            self._own.remove()
            self._own = None
        self._guard.hold("step", self._after, optimizer)

"""Optimizer steps: the outermost one counts, whatever it is wrapped in and whatever steps within it."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Callable, Optional, Set

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
        self._depth = 0  # of steps within it
        self._has_looked = False
        self._is_out_of_graphs = False
        self._classes: Set[Any] = set()
        self._own: Any = None  # our hook behind those that the program gave to the optimizer

    def install(self, torch: Any, made: Callable[[Any], None], before: Callable[..., None], after: Any) -> None:
        """Let all optimizers tell us."""
        self._before, self._after = before, after
        self._hooked = torch.optim.Optimizer.profile_hook_step
        self._module = importlib.import_module("torch.optim.optimizer")
        self._register(self._step_begins, self._step_ends)

        def before_making(args: Any, _kwargs: Any) -> Optional[After]:
            def after(_result: Any) -> None:
                self._classes.add(type(args[0]))
                self.hook_again()
                made(args[0])

            return after

        def before_zeroing(_args: Any, _kwargs: Any) -> Optional[After]:
            self._ledger.note("Z")
            self.hook_again()
            return None

        self._guard.patch(torch.optim.Optimizer, "__init__", before_making)
        self._guard.patch(torch.optim.Optimizer, "zero_grad", before_zeroing)
        self._guard.patch(torch.nn.Module, "zero_grad", before_zeroing)

    def _register(self, begins: Callable[..., None], ends: Callable[..., None]) -> None:
        self._handles = [
            self._module.register_optimizer_step_pre_hook(begins),
            self._module.register_optimizer_step_post_hook(ends),
        ]

    def stay_out_of_graphs(self, torch: Any) -> None:
        """Let compiled code call our hooks instead of tracing them, and hook again what the compiler unhooked.

        The compiler takes a second to load: only a program that compiles is to wait for it.
        """
        self.hook_again()
        if not self._is_out_of_graphs:
            self._is_out_of_graphs = True
            self._guard.stay_out_of_graphs()
            for handle in self._handles:
                handle.remove()
            self._register(torch._dynamo.disable(self._step_begins), torch._dynamo.disable(self._step_ends))

    def hook_again(self) -> None:
        """See to it that the steps of all classes run hooks.

        The compiler of torch 2.0 takes them away from all optimizers, and a program may have put a step of its own
        in the place of one that was hooked.
        """
        for cls in self._classes:
            if not _runs_hooks(cls.step, self._hooked):
                cls.step = self._hooked(cls.step)
                cls.step.hooked = True

    def _step_begins(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._guard.is_traced() or not self._guard.is_on:
            return
        frame = self._frame_of_torch()
        if self._is_within(frame):
            self._depth += 1
            return
        self._stepping, self._depth, self._has_looked = frame, 0, False
        has_closure = any(map(callable, [*args[1:], *kwargs.values()]))
        if optimizer._optimizer_step_pre_hooks:
            # The program's own hooks run behind ours and may change the gradients: look when they are done.
            self._own = optimizer.register_step_pre_hook(lambda *_given: self._look_once(optimizer, has_closure))
        else:
            self._guard.hold("step", self._before, optimizer, has_closure)

    def _look_once(self, optimizer: Any, has_closure: bool) -> None:
        """Look at the beginning of a step; a step within it runs the same hooks again."""
        if not self._has_looked:
            self._has_looked = True
            self._guard.hold("step", self._before, optimizer, has_closure)

    def _frame_of_torch(self) -> Any:
        """Return the frame in which torch runs our hook; compiled, it may go on in another one below it."""
        frame: Any = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename != self._module.__file__:
            frame = frame.f_back
        return frame

    def _is_within(self, frame: Any) -> bool:
        """Say whether an outer step is running; one that raised is no longer among the callers."""
        outer = frame if self._stepping is not None else None
        while outer is not None and outer is not self._stepping:
            outer = outer.f_back
        return outer is not None

    def _step_ends(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._guard.is_traced() or self._stepping is None:
            return
        frame = self._frame_of_torch()
        if not self._is_within(frame):
            return
        if self._depth and frame is not self._stepping:
            self._depth -= 1
            return
        self._stepping = None
        if self._own is not None:
            self._own.remove()
            self._own = None
        self._guard.hold("step", self._after, optimizer)


def _runs_hooks(step: Any, hooked: Any) -> bool:
    """Say whether a step is, or is wrapped around, the function that torch runs hooks in, which `hooked` makes."""
    while step is not None:
        if getattr(step, "__code__", None) in hooked.__code__.co_consts:
            return True
        step = getattr(step, "__wrapped__", None)
    return False

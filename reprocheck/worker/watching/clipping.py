"""Clipping: the norm of the gradients before it."""

from __future__ import annotations

import functools
import types
from typing import Any, Callable, List

from .guard import Guard
from .ledger import Ledger
from .marks import norm_of
from .program_settings import clip_settings


class Clipping:
    """Hears of `clip_grad_norm_` and `clip_grad_value_`."""

    def __init__(self, torch: Any, guard: Guard, ledger: Ledger) -> None:
        self._torch = torch
        self._guard = guard
        self._ledger = ledger

    def install(self) -> None:
        """Let both functions tell us, under both names that each has."""
        utils = self._torch.nn.utils
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            patched = self._patched(getattr(utils.clip_grad, name))
            setattr(utils.clip_grad, name, patched)
            setattr(utils, name, patched)

    def _patched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        is_traced, guard = self._guard.is_traced, self._guard

        @functools.wraps(original)
        def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
            if is_traced() or not guard.is_on:
                return original(parameters, *args, **kwargs)
            listed = [parameters] if isinstance(parameters, self._torch.Tensor) else list(parameters)
            if isinstance(parameters, types.GeneratorType):
                parameters = (one for one in listed)  # the original tells an empty generator from an empty list
            elif not isinstance(parameters, self._torch.Tensor):
                parameters = listed
            guard.hold("clip", self._hear, listed)
            guard.hold("clip", self._note_bound, original.__name__, args, kwargs)
            return original(parameters, *args, **kwargs)

        return clip

    def _note_bound(self, function: str, args: Any, kwargs: Any) -> None:
        self._ledger.settings.update(clip_settings(function, args, kwargs))

    def _hear(self, parameters: List[Any]) -> None:
        self._ledger.note("C")
        with_gradient = [one for one in parameters if one.grad is not None]
        norm = norm_of([one.grad for one in with_gradient])
        self._ledger.add_norm(frozenset(map(id, with_gradient)), norm)

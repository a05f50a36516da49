"""Hear of each call of the outermost modules, without a trace in the modules themselves.

A forward pre-hook would travel with the module: into its pickle, its copies and the graphs of torch.compile. Instead
the class of an outermost module gets a `__call__` of ours, which goes on to the one that the class would have had;
other instances of the class pass it by. While torch.compile traces, it does nothing else.
"""

from __future__ import annotations

import weakref
from typing import Any, Callable, Dict, Iterable, List, Set

from .guard import Guard

_ABSENT = object()


class Roots:
    """The outermost modules that are listened to; a call of one calls `heard(args, kwargs, with_gradients)`."""

    def __init__(self, guard: Guard, heard: Callable[[Any, Any, bool], None]) -> None:
        self._guard = guard
        self._heard = heard
        self._watched: Dict[int, "weakref.ref[Any]"] = {}
        self._original: Dict[type, Any] = {}  # the `__call__` that a class had of its own
        self._compiled: Set[type] = set()  # classes within compiled modules: these stay as they are

    def watch(self, modules: Iterable[Any]) -> None:
        """Listen to `modules` and to no others."""
        self._watched = {id(one): weakref.ref(one) for one in modules if type(one) not in self._compiled}
        for module in self.modules():
            self._listen(type(module))

    def modules(self) -> List[Any]:
        """Return those that are listened to and still there."""
        found = [reference() for reference in self._watched.values()]
        return [module for module in found if module is not None]

    def replace(self, inner: Any, outer: Any) -> None:
        """Listen to `outer` instead of `inner`, which it has been wrapped around."""
        if id(inner) in self._watched:
            self.watch([outer if one is inner else one for one in self.modules()])

    def release(self, classes: Iterable[Any], *, for_good: bool) -> None:
        """Give classes back their own `__call__`: their instances are being compiled."""
        for cls in classes:
            if for_good:
                self._compiled.add(cls)
            own = self._original.pop(cls, None)
            if own is _ABSENT:
                del cls.__call__
            elif own is not None:
                cls.__call__ = own

    def release_all(self) -> None:
        """Give all classes back their own `__call__` for good."""
        self.release(list(self._original), for_good=True)

    def _listen(self, cls: Any) -> None:
        if cls in self._original:
            return
        own = self._original[cls] = cls.__dict__.get("__call__", _ABSENT)
        is_traced = self._guard.is_traced

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            if type(module) is cls and not is_traced():
                self._hear(module, args, kwargs)
            if own is _ABSENT:
                inherited: Any = super(cls, module)
                return inherited.__call__(*args, **kwargs)
            return own(module, *args, **kwargs)

        cls.__call__ = called

    def _hear(self, module: Any, args: Any, kwargs: Any) -> None:
        reference = self._watched.get(id(module))
        if reference is not None and reference() is module:
            self._guard.hold("forward", self._heard, args, kwargs, self._guard.has_gradients())

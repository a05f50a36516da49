"""What is known of the program so far: its outermost modules, names of its parameters, places of its buffers."""

from __future__ import annotations

import weakref
from typing import Any, Dict, Iterable, List, Optional, Tuple

from .program import Program, find_program
from .roots import Roots

MAX_SCANS = 32  # each looks at all objects: a program that makes an optimizer every step must not pay for it


class KnownProgram:
    """Looks for the modules behind the parameters of all optimizers, so that their names agree."""

    def __init__(self, torch: Any, roots: Roots) -> None:
        self._torch = torch
        self._roots = roots
        self._scans = 0
        self._optimizers: List["weakref.ref[Any]"] = []
        self._names = _Names()
        self._told = _Names()  # those that stand in a start line: these stay
        self.modules: List[Tuple[str, str]] = []
        self.buffers: List[Buffer] = []

    def take(self, optimizer: Any) -> None:
        """Look for the modules of a new optimizer, unless its parameters are known."""
        self._add(optimizer)
        if any(self._names.of(one) is None for one in parameters_of(optimizer)):
            self._scan()

    def tell(self, optimizer: Any) -> List[Tuple[str, Any]]:
        """Return names and parameters of an optimizer at its first step: models may have been wrapped meanwhile."""
        self._add(optimizer)
        self._scan()
        named = [
            (self._names.of(one) or "group{}.{}".format(group, place), one)
            for group, settings in enumerate(optimizer.param_groups)
            for place, one in enumerate(settings["params"])
        ]
        for name, one in named:
            self._told.give(one, name)
        return named

    def all_named(self) -> Dict[str, Any]:
        """Return all parameters that are trained, by name."""
        named = [(self._names.of(one), one) for optimizer in self._alive() for one in parameters_of(optimizer)]
        return {name: one for name, one in named if name is not None}

    def _add(self, optimizer: Any) -> None:
        if all(known is not optimizer for known in self._alive()):
            self._optimizers = [weakref.ref(one) for one in [*self._alive(), optimizer]]

    def _alive(self) -> List[Any]:
        found = [reference() for reference in self._optimizers]
        return [optimizer for optimizer in found if optimizer is not None]

    def _scan(self) -> None:
        if self._scans >= MAX_SCANS:
            return
        self._scans += 1
        parameters = {id(one): one for optimizer in self._alive() for one in parameters_of(optimizer)}
        found = find_program(self._torch, parameters.values())
        for place, one in parameters.items():
            self._names.give(one, self._told.of(one) or found.names[place])
        self._roots.watch(found.roots)
        self.modules = list(found.modules)
        self.buffers = _placed(found)


class _Names:
    """Names of tensors by identity; a tensor that took the place of a dead one in memory has none of its names."""

    def __init__(self) -> None:
        self._names: Dict[int, Tuple["weakref.ref[Any]", str]] = {}

    def give(self, tensor: Any, name: str) -> None:
        self._names[id(tensor)] = weakref.ref(tensor), name

    def of(self, tensor: Any) -> Optional[str]:
        reference, name = self._names.get(id(tensor), (lambda: None, ""))
        return name if reference() is tensor else None


class Buffer:
    """A buffer by its place: a module may put another tensor there."""

    def __init__(self, name: str, module: Any, key: str) -> None:
        self.name = name
        self._module = weakref.ref(module)
        self._key = key

    def tensor(self) -> Optional[Any]:
        """Return what the buffer is now."""
        module = self._module()
        return None if module is None else module._buffers.get(self._key)


def _placed(found: Program) -> List[Buffer]:
    """Return the buffers of a program by their places, without holding on to any."""
    names = {id(tensor): name for name, tensor in found.buffers}
    places = {
        id(tensor): (module, key)
        for root in found.roots
        for module in root.modules()
        for key, tensor in module._buffers.items()
    }
    return [Buffer(name, *places[one]) for one, name in names.items()]


def parameters_of(optimizer: Any) -> List[Any]:
    """Return the parameters of an optimizer in the order of its groups."""
    groups: Iterable[Any] = optimizer.param_groups
    return [parameter for group in groups for parameter in group["params"]]

"""What is known of the program so far: its outermost modules, the names of its parameters, the places of its buffers."""

from __future__ import annotations

import weakref
from typing import Any, Dict, Iterable, List, Optional, Tuple

from .program import Program, find_program
from .roots import Roots

MAX_SCANS = 8  # each looks at all objects: a program that makes an optimizer every step must not pay for it


class KnownProgram:
    """Looks for the modules behind the parameters of optimizers."""

    def __init__(self, torch: Any, roots: Roots) -> None:
        self._torch = torch
        self._roots = roots
        self._scans = 0
        self._names: Dict[int, str] = {}
        self._modules: Dict[str, str] = {}
        self._buffers: Dict[Tuple[int, str], Buffer] = {}

    def look(self, optimizer: Any) -> None:
        """Look for the modules of an optimizer whose parameters are not all known."""
        if any(id(one) not in self._names for one in parameters_of(optimizer)):
            self.look_again(optimizer)

    def look_again(self, optimizer: Any) -> None:
        """Look for the modules of an optimizer: they may have been wrapped in others."""
        if self._scans >= MAX_SCANS:
            return
        self._scans += 1
        parameters = parameters_of(optimizer)
        own = set(map(id, parameters))
        found = find_program(self._torch, parameters, [name for one, name in self._names.items() if one not in own])
        self._names.update(found.names)
        self._roots.watch(found.roots)
        self._drop_inner_roots()
        self._modules.update((path, text) for path, text in found.modules)
        self._buffers.update(_placed(found))

    def named(self, optimizer: Any) -> List[Tuple[str, Any]]:
        """Return the parameters of an optimizer with their names, or with their places in its groups."""
        return [
            (self._names.get(id(one), "group{}.{}".format(group, place)), one)
            for group, settings in enumerate(optimizer.param_groups)
            for place, one in enumerate(settings["params"])
        ]

    def all_named(self) -> Dict[str, Any]:
        """Return all parameters that are trained and belong to a module, by name."""
        found = {id(one): one for root in self._roots.modules() for one in root.parameters()}
        return {name: found[one] for one, name in self._names.items() if one in found}

    def modules(self) -> List[List[str]]:
        """Return the paths of all modules and what they say of themselves."""
        return [[path, text] for path, text in self._modules.items()]

    def buffers(self) -> List["Buffer"]:
        """Return the places of all buffers."""
        return list(self._buffers.values())

    def _drop_inner_roots(self) -> None:
        roots = self._roots.modules()
        inner = {id(module) for root in roots for module in root.modules() if module is not root}
        self._roots.forget(module for module in roots if id(module) in inner)


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


def _placed(found: Program) -> Dict[Tuple[int, str], Buffer]:
    """Return the buffers of a program by module and key, without holding on to any."""
    names = {id(tensor): name for name, tensor in found.buffers}
    return {
        (id(module), key): Buffer(names[id(tensor)], module, key)
        for root in found.roots
        for module in root.modules()
        for key, tensor in module._buffers.items()
        if id(tensor) in names
    }


def parameters_of(optimizer: Any) -> List[Any]:
    """Return the parameters of an optimizer in the order of its groups."""
    groups: Iterable[Any] = optimizer.param_groups
    return [parameter for group in groups for parameter in group["params"]]

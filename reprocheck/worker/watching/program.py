"""What a program trains: the modules that hold the parameters of its optimizers, and names for these parameters.

Names are those of `named_parameters`, without what wrappers put in front, so that a model has one set of names alone,
compiled, or under DistributedDataParallel.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

from .descriptions import description
from .module_paths import RootLabels, is_wrapper, own_path
from .outermost import outermost_modules

LABELS = RootLabels()  # a process has one program


class Program:
    """Names by the identity of a parameter, the outermost modules, their descriptions, and their buffers."""

    def __init__(self, names: Dict[int, str], roots: List[Any], labels: RootLabels) -> None:
        self.names = names
        self.roots = roots
        self.modules: List[Tuple[str, str]] = []
        self._buffers: List[Tuple[str, Any, str]] = []
        seen: Set[int] = set()
        for label, root in zip(labels.of(roots), roots):
            for path, module in root.named_modules():
                place = label + own_path(path)
                if not is_wrapper(module):
                    self.modules.append((place.rstrip("."), description(module)))
                self._add_buffers(place, module, seen)

    @property
    def buffers(self) -> List[Tuple[str, Any]]:
        """Return names and tensors of the buffers as they are now: modules may put new ones in their places."""
        found = ((name, module._buffers.get(key)) for name, module, key in self._buffers)
        return [(name, tensor) for name, tensor in found if tensor is not None]

    def _add_buffers(self, place: str, module: Any, seen: Set[int]) -> None:
        for key, buffer in module._buffers.items():
            if buffer is not None and id(buffer) not in seen:
                seen.add(id(buffer))
                self._buffers.append((".".join(filter(None, (place.rstrip("."), key))), module, key))


def find_program(
    torch: Any, parameters: Iterable[Any], taken: Iterable[str] = (), labels: Optional[RootLabels] = None
) -> Program:
    """Return the program around `parameters`, the tensors of an optimizer; their names are unique, and not in `taken`.

    A parameter that no module holds has the name of the global variable of the script that it is in, or `parameter.3`,
    by its place. The second root that is found, and every later one, has its class in front of its names.
    """
    tensors = list(parameters)
    labels = LABELS if labels is None else labels
    roots = outermost_modules(torch, tensors)
    return Program(_names(tensors, roots, labels, set(taken)), roots, labels)


def _names(tensors: List[Any], roots: List[Any], labels: RootLabels, taken: Set[str]) -> Dict[int, str]:
    known: Dict[int, str] = {}
    for label, root in zip(labels.of(roots), roots):
        for path, parameter in root.named_parameters():
            known.setdefault(id(parameter), label + own_path(path))
    of_script = {id(value): name for name, value in vars(sys.modules["__main__"]).items()}
    names: Dict[int, str] = {}
    for place, tensor in enumerate(tensors):
        name = known.get(id(tensor)) or of_script.get(id(tensor)) or "parameter.{}".format(place)
        names[id(tensor)] = _free(name, taken)
        taken.add(names[id(tensor)])
    return names


def _free(name: str, taken: Set[str]) -> str:
    chosen, number = name, 1
    while chosen in taken:
        number += 1
        chosen = "{}#{}".format(name, number)
    return chosen

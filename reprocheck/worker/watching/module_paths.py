"""Paths of modules as the author of a program would write them, whatever the modules are wrapped in."""

from __future__ import annotations

import weakref
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

WRAPPING = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
WRAPPING_IN_FRONT = "module"  # of DistributedDataParallel and DataParallel


class RootLabels:
    """What stands in front of the paths of each outermost module: nothing for the first, for later ones their class.

    A module keeps its label when it is wrapped, and no label is given twice: labels depend on the order in which
    modules are shown, and on nothing else.
    """

    def __init__(self) -> None:
        self._given: Dict[int, Tuple["weakref.ref[Any]", str]] = {}
        self._taken: Set[str] = set()

    def of(self, roots: Sequence[Any]) -> List[str]:
        """Return the labels, empty or such as `Discriminator.`; the first roots have an empty one if they are one."""
        bare = [_bare(root) for root in roots]
        if not self._taken and len(bare) == 1:
            self._give(bare[0], "")
        return [self._label(module) for module in bare]

    def _label(self, module: Any) -> str:
        known = self._known(module)
        if known is not None:
            return known
        name, number = type(module).__name__, 1
        while self._text(name, number) in self._taken:
            number += 1
        return self._give(module, self._text(name, number))

    @staticmethod
    def _text(name: str, number: int) -> str:
        return "{}.".format(name) if number == 1 else "{}#{}.".format(name, number)

    def _known(self, module: Any) -> Optional[str]:
        reference, label = self._given.get(id(module), (None, ""))
        return label if reference is not None and reference() is module else None

    def _give(self, module: Any, label: str) -> str:
        self._taken.add(label)
        self._given[id(module)] = (weakref.ref(module), label)
        return label


def own_path(path: str) -> str:
    """Return a path of modules or parameters without wrappers; `module` is one only in front of everything else."""
    parts = [part for part in path.split(".") if part not in WRAPPING]
    while parts and parts[0] == WRAPPING_IN_FRONT:
        parts = parts[1:]
    return ".".join(parts)


def is_wrapper(module: Any) -> bool:
    """Say whether a module of torch's is nothing but a wrapper around another one."""
    children = list(module._modules)
    is_around_one = len(children) == 1 and own_path(children[0]) == ""
    return is_around_one and type(module).__module__.split(".")[0] == "torch"


def _bare(root: Any) -> Any:
    while is_wrapper(root):
        root = next(iter(root._modules.values()))
    return root

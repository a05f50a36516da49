"""What a program trains: the modules that hold the parameters of its optimizers, and names for these parameters.

Names are those of `named_parameters`, without what wrappers put in front, so that a model has one set of names alone,
compiled, or under DistributedDataParallel.
"""

from __future__ import annotations

import gc
import re
import sys
from types import BuiltinFunctionType, FunctionType
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Set, Tuple

WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
DESCRIPTION_LENGTH = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Program:
    """Names by the identity of a parameter, the outermost modules, their descriptions, and their buffers."""

    def __init__(self, names: Dict[int, str], roots: List[Any]) -> None:
        self.names = names
        self.roots = roots
        self.modules: List[Tuple[str, str]] = []
        self._buffers: List[Tuple[str, Any, str]] = []
        seen: Set[int] = set()
        for label, root in zip(labels(roots), roots):
            for path, module in root.named_modules():
                place = label + own_path(path)
                self.modules.append((place, description(module)))
                for name, buffer in module._buffers.items():
                    if buffer is not None and id(buffer) not in seen:
                        seen.add(id(buffer))
                        self._buffers.append((place + "." + name if own_path(path) else label + name, module, name))

    @property
    def buffers(self) -> List[Tuple[str, Any]]:
        """Return names and tensors of the buffers as they are now: modules may put new ones in their places."""
        found = ((name, module._buffers.get(own)) for name, module, own in self._buffers)
        return [(name, tensor) for name, tensor in found if tensor is not None]


def find_program(torch: Any, parameters: Iterable[Any], taken: Iterable[str] = ()) -> Program:
    """Return the program around `parameters`, the tensors of an optimizer; their names are unique, and not in `taken`.

    Parameters that no module holds have the name of the global variable of the script, or `parameter.3`.
    """
    tensors = list(parameters)
    roots = _roots(torch, tensors)
    return Program(_names(tensors, roots, set(taken)), roots)


def labels(roots: Sequence[Any]) -> List[str]:
    """Return what stands in front of the paths of each root: nothing if it is the only one, else its class."""
    if len(roots) == 1:
        return [""]
    classes = [type(_inner(root)).__name__ for root in roots]
    numbered = [
        name if classes.count(name) == 1 else "{}#{}".format(name, classes[: place + 1].count(name))
        for place, name in enumerate(classes)
    ]
    return [name + "." for name in numbered]


def own_path(path: str) -> str:
    """Return a path of modules without wrappers; `module` is one only in front of everything else."""
    parts = [part for part in path.split(".") if part not in WRAPPERS]
    while parts and parts[0] == "module":
        parts = parts[1:]
    return ".".join(parts)


def description(module: Any) -> str:
    """Return the class of a module with what torch says of it, or with its own plain numbers and switches.

    Texts of a module that is not torch's are not told: nobody knows what they hold.
    """
    told = type(module).extra_repr
    text = str(told(module)) if _is_of_torch(told) else ""
    own = [] if text else [word for word in map(_plain_word, sorted(vars(module).items())) if word]
    whole = "{}({})".format(type(module).__name__, text or ", ".join(own))
    return _ADDRESS.sub("", " ".join(whole.split()))[:DESCRIPTION_LENGTH]


def _plain_word(attribute: Tuple[str, Any]) -> str:
    name, value = attribute
    if name.startswith("_") or name == "training":
        return ""
    if type(value) in (bool, int, float):
        return "{}={!r}".format(name, value)
    if isinstance(value, (FunctionType, BuiltinFunctionType)) and _is_of_torch(value):
        return "{}={}".format(name, value.__name__)
    return ""


def _is_of_torch(function: Any) -> bool:
    return str(getattr(function, "__module__", None)).split(".")[0] == "torch"


def _inner(root: Any) -> Any:
    """Return what the wrappers are around."""
    while len(root._modules) == 1 and own_path(next(iter(root._modules))) == "":
        root = next(iter(root._modules.values()))
    return root


def _roots(torch: Any, tensors: List[Any]) -> List[Any]:
    """Return the outermost modules that hold some of `tensors`, in the order of these."""
    modules = [one for one in gc.get_objects() if issubclass(type(one), torch.nn.Module)]
    owners: Dict[int, List[Any]] = {}
    parents: Dict[int, List[Any]] = {}
    for module in modules:
        for parameter in vars(module).get("_parameters", {}).values():
            owners.setdefault(id(parameter), []).append(module)
        for child in vars(module).get("_modules", {}).values():
            parents.setdefault(id(child), []).append(module)
    found: Dict[int, Any] = {}
    for tensor in tensors:
        for owner in owners.get(id(tensor), ()):
            for top in _tops(owner, parents):
                found.setdefault(id(top), top)
    return list(found.values())


def _tops(module: Any, parents: Dict[int, List[Any]]) -> Iterator[Any]:
    seen, waiting = {id(module)}, [module]
    while waiting:
        one = waiting.pop()
        above = parents.get(id(one), [])
        if not above:
            yield one
        new = [parent for parent in above if id(parent) not in seen]
        seen.update(map(id, new))
        waiting += new


def _names(tensors: List[Any], roots: List[Any], taken: Set[str]) -> Dict[int, str]:
    names: Dict[int, str] = {}
    known: Dict[int, str] = {}
    for label, root in zip(labels(roots), roots):
        for path, parameter in root.named_parameters():
            known.setdefault(id(parameter), label + own_path(path))
    of_script = {id(value): name for name, value in vars(sys.modules["__main__"]).items() if id(value) not in known}
    for place, tensor in enumerate(tensors):
        name = known.get(id(tensor)) or of_script.get(id(tensor)) or "parameter.{}".format(place)
        number, chosen = 1, name
        while chosen in taken:
            number, chosen = number + 1, "{}#{}".format(name, number + 1)
        taken.add(chosen)
        names[id(tensor)] = chosen
    return names

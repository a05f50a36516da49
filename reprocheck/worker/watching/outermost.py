"""Find the outermost modules that hold given tensors, among all objects of the process."""

from __future__ import annotations

import gc
from typing import Any, Dict, Iterator, List, Set, Tuple

from .module_paths import own_path


def outermost_modules(torch: Any, tensors: List[Any]) -> List[Any]:
    """Return as few modules as hold all of `tensors` that any module holds, in the order of these.

    Of several around the same tensors the one with the most is taken, then the one with the shortest paths to them:
    rather the model than the loss that it is a part of.
    """
    found = _candidates(torch, tensors)
    wanted = {id(tensor): place for place, tensor in enumerate(tensors)}
    ranked = sorted(((_rank(root, wanted), root) for root in found), key=lambda pair: pair[0])
    chosen: List[Tuple[int, Any]] = []
    covered: Set[int] = set()
    for _rank_of_root, root in ranked:
        held = {wanted[id(one)] for one in root.parameters() if id(one) in wanted}
        if held - covered:
            chosen.append((min(held - covered), root))
            covered |= held
    return [root for _first, root in sorted(chosen, key=lambda pair: pair[0])]


def _rank(root: Any, wanted: Dict[int, int]) -> Tuple[bool, int, int, str]:
    paths = [own_path(path) for path, one in root.named_parameters() if id(one) in wanted]
    is_compiled_code = any(cls.__name__ == "GraphModule" for cls in type(root).__mro__)  # holds the model's parameters
    return is_compiled_code, -len(paths), sum(path.count(".") for path in paths), type(root).__name__


def _candidates(torch: Any, tensors: List[Any]) -> List[Any]:
    owners: Dict[int, List[Any]] = {}
    parents: Dict[int, List[Any]] = {}
    for module in _all_modules(torch):
        for parameter in vars(module).get("_parameters", {}).values():
            owners.setdefault(id(parameter), []).append(module)
        for child in vars(module).get("_modules", {}).values():
            parents.setdefault(id(child), []).append(module)
    tops = (top for one in tensors for owner in owners.get(id(one), ()) for top in _tops(owner, parents))
    return list({id(top): top for top in tops}.values())


def _all_modules(torch: Any) -> Iterator[Any]:
    """Yield all modules; only types are asked, for objects may answer `isinstance` with code of their own."""
    is_module: Dict[type, bool] = {}
    for one in gc.get_objects():
        kind = type(one)
        if kind not in is_module:
            is_module[kind] = issubclass(kind, torch.nn.Module)
        if is_module[kind]:
            yield one


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

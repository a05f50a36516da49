"""Marks of what modules put out, by forward hooks that are there in dense steps only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Callable, Iterator, List, Optional, Sequence, Set, Tuple

from .module_paths import RootLabels, is_wrapper, own_path
from .pending_marks import NO_MARK, PendingMarks
from .program import LABELS

DEPTH = 6


class Outputs:
    """What the hooked modules put out since the last look, in the order in which they ended."""

    def __init__(self, torch: Any, on_fault: Callable[[Exception], None]) -> None:
        self._torch = torch
        self._on_fault = on_fault
        self._seen: List[Tuple[str, Optional[PendingMarks]]] = []
        self._handles: List[Any] = []

    def hook(self, module: Any, path: str) -> None:
        """Watch one module."""
        self._handles.append(module.register_forward_hook(lambda _module, _inputs, output: self._see(path, output)))

    def take(self) -> List[List[str]]:
        """Return pairs of path and mark, and forget them; waits for the device.

        `path[1]` and `path[logits]` are tensors within one output; one that cannot be read has no mark.
        """
        seen, self._seen = self._seen, []
        return [[path, marks.texts()[0] if marks else NO_MARK] for path, marks in seen]

    def remove(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _see(self, path: str, output: Any) -> None:
        try:
            for inner, tensor in _tensors(self._torch, output, path, DEPTH):
                self._seen.append((inner, self._marked(inner, tensor)))
        except Exception as error:  # the training must go on
            self.remove()
            self._on_fault(error)

    @staticmethod
    def _marked(path: str, tensor: Any) -> Optional[PendingMarks]:
        if tensor.device.type == "meta":
            return None
        try:
            return PendingMarks([path], [tensor], True)
        except (RuntimeError, TypeError):  # a tensor without numbers of its own: within vmap, or of a tracer
            return None


def watch_outputs(
    torch: Any,
    roots: Sequence[Any],
    on_fault: Callable[[Exception], None] = lambda _error: None,
    labels: Optional[RootLabels] = None,
) -> Outputs:
    """Hook all modules below `roots`, except those that a compiler holds: a hook would have them compiled anew.

    A compiled function that calls modules cannot be seen here: the caller must leave such programs alone.
    """
    outputs = Outputs(torch, on_fault)
    for root, label in zip(roots, (labels or LABELS).of(roots)):
        seen: Set[int] = set()
        for path, module in _plain_modules(torch, root, "", seen):
            if not is_wrapper(module):
                outputs.hook(module, (label + own_path(path)).rstrip("."))
    return outputs


def _plain_modules(torch: Any, module: Any, path: str, seen: Set[int]) -> Iterator[Tuple[str, Any]]:
    if id(module) in seen or _is_compiled(torch, module):
        return
    seen.add(id(module))
    yield path, module
    for name, child in module._modules.items():
        if child is not None:
            yield from _plain_modules(torch, child, ".".join(filter(None, (path, name))), seen)


def _is_compiled(torch: Any, module: Any) -> bool:
    return (
        "_orig_mod" in module._modules
        or getattr(module, "_compiled_call_impl", None) is not None
        or isinstance(module, torch.jit.ScriptModule)
    )


def _tensors(torch: Any, value: Any, path: str, depth: int) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, torch.Tensor):
        yield path, value
    elif depth and isinstance(value, Mapping):
        for name in value:
            yield from _tensors(torch, value[name], "{}[{}]".format(path, name), depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for place, one in enumerate(value):
            yield from _tensors(torch, one, "{}[{}]".format(path, place), depth - 1)
    elif depth and dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _tensors(torch, getattr(value, field.name), "{}[{}]".format(path, field.name), depth - 1)

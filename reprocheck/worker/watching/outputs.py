"""Marks of what modules put out, by forward hooks that are there in dense steps only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Callable, Iterator, List, Sequence, Tuple

from .pending_marks import PendingMarks
from .program import labels, own_path

DEPTH = 6


class Outputs:
    """What the hooked modules put out since the last look, in the order in which they ended."""

    def __init__(self, torch: Any, on_fault: Callable[[Exception], None]) -> None:
        self._torch = torch
        self._on_fault = on_fault
        self._seen: List[Tuple[str, PendingMarks]] = []
        self._handles: List[Any] = []

    def hook(self, module: Any, path: str) -> None:
        """Watch one module."""
        self._handles.append(module.register_forward_hook(lambda _module, _inputs, output: self._see(path, output)))

    def take(self) -> List[List[str]]:
        """Return pairs of path and mark, and forget them; `path[1]`, `path[logits]` are tensors of one output."""
        seen, self._seen = self._seen, []
        return [[path, marks.texts()[0]] for path, marks in seen]

    def remove(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _see(self, path: str, output: Any) -> None:
        try:
            for inner, tensor in _tensors(self._torch, output, path, DEPTH):
                self._seen.append((inner, PendingMarks([inner], [tensor], True)))
        except Exception as error:  # the training must go on
            self.remove()
            self._on_fault(error)


def watch_outputs(torch: Any, roots: Sequence[Any], on_fault: Callable[[Exception], None] = lambda _: None) -> Outputs:
    """Hook all modules below `roots`, except where a compiler holds the code: a hook would have it compile anew."""
    outputs = Outputs(torch, on_fault)
    for root, label in zip(roots, labels(roots)):
        for path, module in _plain_modules(torch, root):
            outputs.hook(module, label + own_path(path))
    return outputs


def _plain_modules(torch: Any, root: Any, path: str = "") -> Iterator[Tuple[str, Any]]:
    if _is_compiled(torch, root):
        return
    yield path, root
    for name, child in root._modules.items():
        if child is not None:
            yield from _plain_modules(torch, child, path + "." + name if path else name)


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

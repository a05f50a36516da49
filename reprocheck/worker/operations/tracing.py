"""See every operation that torch performs, below autograd and autocast, and keep each kind once.

Under a trace, autograd adds gradients out of place where it would add in place: `add` for `add_`, the same kernel. All
else is what runs without one (held against torch's profiler in 2.0, 2.6 and 2.13). What a library computes without
asking torch's dispatcher is not seen.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .choice import has_rounded, is_exact, may_round, overwritten_tensors, tensors_in
from .collectives import NAMESPACE, described_collective
from .contents import Contents, dtype_name, seen_in
from .spelling import Call, Symbol, TensorSpec, is_special, spelled_call, with_contents

# They say where memory comes from, which decides no bit.
IDLE_KEYWORDS = frozenset({"pin_memory", "non_blocking"})
_NAMED_KINDS = ((torch.layout, "layout"), (torch.memory_format, "memory_format"))
ALWAYS_SEEN = 4


class Sighting:
    """One kind of call, and what its tensors held; of many calls only the 1st to 4th, 8th, 16th … are looked at."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._calls = 0
        self._seen: List[Optional[Contents]] = []

    def look_anew(self) -> None:
        """Look at the next calls as at the first ones."""
        self._calls = 0

    def see(self, func: Any, args: Any, kwargs: Any) -> None:
        """Look into the tensors of one more call, but for those whose numbers are never read."""
        self._calls += 1
        if self._calls > ALWAYS_SEEN and self._calls & (self._calls - 1):
            return
        unread = {id(tensor) for tensor in overwritten_tensors(func, args, kwargs)}
        plain = [tensor for tensor in tensors_in([args, kwargs]) if _is_plain(tensor)]
        seen = [None if id(tensor) in unread else seen_in(tensor) for tensor in plain]
        before = self._seen or seen
        self._seen = [left | right if left and right else left or right for left, right in zip(before, seen)]

    def text(self) -> str:
        """Return the text of the operation."""
        return spelled_call(with_contents(self.call, [str(one or "") for one in self._seen]))


class OperationTrace(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps the operations that may round: what they are called with, and what the tensors held, over all calls."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._found: Dict[str, Sighting] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Perform the operation, and keep it if it may have rounded."""
        kwargs = kwargs or {}
        if not may_round(func, args, kwargs):
            return func(*args, **kwargs)
        call = described(func, args, kwargs)
        key = key_of_call(call)
        sighting = self._found.get(key) or Sighting(call)
        # What is written to must be looked at before; integers are worth a look only if floats come out.
        has_floats = not all(map(is_exact, tensors_in([args, kwargs])))
        if has_floats:
            sighting.see(func, args, kwargs)
        out = func(*args, **kwargs)
        if has_rounded(func, args, kwargs, out):
            if not has_floats:
                sighting.see(func, args, kwargs)
            self._found[key] = sighting
        return out

    def look_anew(self) -> None:
        """Look into the tensors of the next calls of every kind, as of its first ones."""
        for sighting in self._found.values():
            sighting.look_anew()

    def __len__(self) -> int:
        """Return how many kinds were seen."""
        return len(self._found)

    def texts(self) -> List[str]:
        """Return the operations in the order in which they were first seen."""
        return [sighting.text() for sighting in self._found.values()]


def described(func: Any, args: Any, kwargs: Any) -> Call:
    """Return the call with tensors described, not held."""
    namespace, _, name = func._schema.name.partition("::")
    describe = _Describer()
    if namespace == NAMESPACE:
        return described_collective(name, args, describe)
    return Call(
        name="{}.{}.{}".format(namespace, name, func._schema.overload_name or "default"),
        args=tuple(map(describe, args)),
        kwargs={key: describe(value) for key, value in kwargs.items() if key not in IDLE_KEYWORDS},
    )


def key_of_call(call: Call) -> str:
    """Return what makes two calls of one kind: all but the numbers that no kernel treats in a way of its own."""
    args, kwargs = tuple(map(_kind, call.args)), {key: _kind(value) for key, value in call.kwargs.items()}
    return spelled_call(Call(call.name, args, kwargs))


def _kind(value: Any) -> Any:
    if isinstance(value, list):
        return [_kind(item) for item in value]
    return Symbol("float") if isinstance(value, float) and not is_special(value) else value


class _Describer:
    """Describes the arguments of one call; a tensor that is there twice is told by its first place."""

    def __init__(self) -> None:
        self._count = 0
        self._places: Dict[Tuple[Any, ...], int] = {}

    def __call__(self, value: Any) -> Any:
        """Return the description of one argument."""
        if isinstance(value, torch.Tensor):
            return self._tensor(value) if _is_plain(value) else Symbol("object")
        if isinstance(value, (list, tuple)):
            return [self(item) for item in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return value if isinstance(value, str) and value.isidentifier() else _symbol(value)

    def _tensor(self, tensor: torch.Tensor) -> TensorSpec:
        identity = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        here, self._count = self._count, self._count + 1
        first = self._places.setdefault(identity, here) if tensor.numel() else here
        return TensorSpec(
            dtype=dtype_name(tensor.dtype),
            shape=tuple(tensor.shape),
            strides=None if tensor.is_contiguous() else tensor.stride(),
            device=tensor.device.type,
            alias=None if first == here else first,
        )


def _symbol(value: Any) -> Symbol:
    """Return the name of a value that has one; what has none cannot be made again."""
    if isinstance(value, torch.dtype):
        return Symbol("dtype." + dtype_name(value))
    if isinstance(value, torch.device):
        return Symbol("device." + value.type)
    if isinstance(value, torch.Generator):
        return Symbol("generator")
    for kind, name in _NAMED_KINDS:
        if isinstance(value, kind):
            return Symbol("{}.{}".format(name, str(value).replace("torch.", "")))
    return Symbol("object")


def _is_plain(tensor: torch.Tensor) -> bool:
    return tensor.layout == torch.strided and tensor.device.type != "meta"

"""The arguments of an operation, made anew from its text."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import torch

from ..hashing import key_of
from .contents import Maker, dtype_called
from .spelling import Call, Symbol, TensorSpec, Unreadable


class Refused(Exception):
    """The operation cannot be performed here; the message is the word for it."""


class Arguments:
    """Makes the arguments of one performance: each has its own numbers, and a tensor given twice is one tensor."""

    def __init__(self, maker: Maker, stream: Tuple[object, ...], shift: int = 0) -> None:
        self._maker = maker
        self._stream = stream
        self._shift = shift
        self._tensors: List[torch.Tensor] = []

    def made(self, call: Call) -> Tuple[List[Any], Dict[str, Any]]:
        """Return the positional arguments and those by name.

        Raises:
            Refused: an argument cannot be made from a text.
            Unreadable: a text that we never wrote.
        """
        return [self._value(value) for value in call.args], {key: self._value(v) for key, v in call.kwargs.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, TensorSpec):
            return self._tensor(value)
        return self._named(value.name) if isinstance(value, Symbol) else value

    def _tensor(self, spec: TensorSpec) -> torch.Tensor:
        here = len(self._tensors)
        if spec.alias is not None:
            if spec.alias >= here:
                raise Unreadable("no tensor {} before {}".format(spec.alias, here))
            self._tensors.append(self._tensors[spec.alias])
        else:
            self._tensors.append(self._maker.tensor(spec, (*self._stream, here), self._shift))
        return self._tensors[here]

    def _named(self, name: str) -> Any:
        kind, _, value = name.partition(".")
        if kind == "generator":
            return torch.Generator(self._maker.device).manual_seed(key_of(*self._stream) >> 1)
        if kind not in _MAKERS:
            raise Refused("object")
        return self._maker.device if name == "device." + self._maker.device.type else _MAKERS[kind](value)


def _device(name: str) -> torch.device:
    if name not in ("cpu", "cuda", "meta", "mps", "xpu"):
        raise Unreadable("no device `{}`".format(name))
    return torch.device(name)


def _constant(kind: type) -> Callable[[str], Any]:
    def made(name: str) -> Any:
        found = getattr(torch, name, None)
        if not isinstance(found, kind):
            raise Unreadable("no {} `{}`".format(kind.__name__, name))
        return found

    return made


_MAKERS: Dict[str, Callable[[str], Any]] = {
    "device": _device,
    "dtype": dtype_called,
    "layout": _constant(torch.layout),
    "memory_format": _constant(torch.memory_format),
}

"""An operation as one line of text: what it is called, and with what.

    aten.addmm.default(fp32[64]~-4,fp32[256,64]~4,fp32[64,64]{1,64}~-4,beta=1)

A tensor is `dtype[shape]`, then, where it is so, `{strides}` (not contiguous), `@device` (not the CPU), `~values` (what
it held, see `contents`) and `&N` (the same memory as the Nth tensor of this line, counted from 0). Numbers that kernels
treat in a way of their own (0, 0.5, 1, 2 …) are decimals, all others hex floats. `x*3` in a list is x three times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple, Union

SHORT_NAMES = {
    "float64": "fp64",
    "float32": "fp32",
    "bfloat16": "bf16",
    "float16": "fp16",
    "float8_e4m3fn": "fp8e4m3",
    "float8_e5m2": "fp8e5m2",
}
LONG_NAMES = {short: long for long, short in SHORT_NAMES.items()}
LARGEST_SPECIAL = 1024
LONGEST_LIST = 20_000
DEEPEST_LIST = 4


@dataclass(frozen=True)
class TensorSpec:
    """What is known of a tensor argument; `strides` is None where it is contiguous, `alias` where it is its own."""

    dtype: str
    shape: Tuple[int, ...]
    strides: Optional[Tuple[int, ...]] = None
    device: str = "cpu"
    contents: str = ""
    alias: Optional[int] = None

    def is_float(self) -> bool:
        """Return whether the numbers have an exponent."""
        return self.dtype.startswith(("fp", "bf", "float"))

    def count(self) -> int:
        """Return the number of elements."""
        count = 1
        for size in self.shape:
            count *= size
        return count


@dataclass(frozen=True)
class Symbol:
    """A value that has a name: `dtype.fp32`, `device.cpu`, `generator`, or `object`, which nobody can make again."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operation `namespace.name.overload` with its arguments."""

    name: str
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]

    def tensors(self) -> List[TensorSpec]:
        """Return the tensors among the arguments, in order."""
        return [spec for value in (*self.args, *self.kwargs.values()) for spec in _tensors(value)]


def with_contents(call: Call, contents: Union[str, Sequence[str]]) -> Call:
    """Return `call` with other contents: of every float tensor, or of all tensors one by one, in order."""
    each = None if isinstance(contents, str) else iter(contents)

    def changed(value: Any) -> Any:
        if isinstance(value, list):
            return [changed(item) for item in value]
        if not isinstance(value, TensorSpec) or (each is None and not value.is_float()):
            return value
        return replace(value, contents=str(contents) if each is None else next(each))

    args, kwargs = tuple(map(changed, call.args)), {key: changed(value) for key, value in call.kwargs.items()}
    return Call(call.name, args, kwargs)


class Unreadable(Exception):
    """The text is no operation."""


def _tensors(value: Any) -> List[TensorSpec]:
    if isinstance(value, list):
        return [spec for item in value for spec in _tensors(item)]
    return [value] if isinstance(value, TensorSpec) else []


def spelled_call(call: Call) -> str:
    """Return the text of `call`."""
    parts = [spelled(value) for value in call.args]
    parts += ["{}={}".format(key, spelled(value)) for key, value in call.kwargs.items()]
    return "{}({})".format(call.name, ",".join(parts))


def spelled(value: Any) -> str:
    """Return the text of one argument."""
    if isinstance(value, TensorSpec):
        return _spelled_tensor(value)
    if isinstance(value, list):
        return "[{}]".format(",".join(_counted([spelled(item) for item in value])))
    if isinstance(value, Symbol):
        return value.name
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if is_special(value) else value.hex()
    return "'{}'".format(value) if isinstance(value, str) else str(value)


def _spelled_tensor(spec: TensorSpec) -> str:
    text = "{}[{}]".format(spec.dtype, _joined(spec.shape))
    if spec.strides is not None:
        text += "{{{}}}".format(_joined(spec.strides))
    if spec.device != "cpu":
        text += "@" + spec.device
    if spec.contents:
        text += "~" + spec.contents
    return text if spec.alias is None else "{}&{}".format(text, spec.alias)


def _joined(numbers: Tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def is_special(value: float) -> bool:
    """Return whether kernels may treat this number in a way of its own, as `pow` does 0.5 and 2."""
    return abs(value) <= LARGEST_SPECIAL and (value * 2).is_integer()


def _counted(texts: List[str]) -> List[str]:
    """Return `texts` with neighbours that are equal written once and counted."""
    found: List[Tuple[str, int]] = []
    for text in texts:
        if found and found[-1][0] == text and not text.startswith("["):
            found[-1] = (text, found[-1][1] + 1)
        else:
            found.append((text, 1))
    return [text if count == 1 else "{}*{}".format(text, count) for text, count in found]


_NAME = re.compile(r"[A-Za-z_]\w*\.\w+\.\w+(?=\()")
_TENSOR = re.compile(
    r"(?P<dtype>[a-z]\w*)\[(?P<shape>[\d,]*)\](?:\{(?P<strides>[\d,]*)\})?(?:@(?P<device>[a-z]+))?"
    r"(?:~(?P<contents>[-+z:^\d]+))?(?:&(?P<alias>\d+))?"
)
_FLOAT = re.compile(r"-?(?:0x[01](?:\.[0-9a-f]+)?p[-+]\d+|\d+\.\d+|inf)|nan")
_INTEGER = re.compile(r"-?\d+")
_WORD = re.compile(r"'(\w*)'")
_SYMBOL = re.compile(r"[a-z]\w*(?:\.\w+)?")
_KEY = re.compile(r"([A-Za-z_]\w*)=")
_CONSTANTS = {"none": None, "true": True, "false": False}


def read_call(text: str) -> Call:
    """Return the call that `text` spells.

    Raises:
        Unreadable: it spells none.
    """
    name = _NAME.match(text)
    if not name or not text.endswith(")"):
        raise Unreadable(text[:80])
    reader = _Reader(text, name.end() + 1)
    args: List[Any] = []
    kwargs: Dict[str, Any] = {}
    while not reader.takes(")"):
        key = reader.match(_KEY)
        value = reader.value()
        if key:
            kwargs[key[1]] = value
        else:
            args.append(value)
        reader.separator(")")
    if reader.at != len(text):
        raise Unreadable(text[:80])
    return Call(name[0], tuple(args), kwargs)


class _Reader:
    """A place in the text, and what can be read there."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._items = 0
        self.at = at

    def takes(self, mark: str) -> bool:
        """Go past `mark` if it stands here."""
        if not self._text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def match(self, pattern: "re.Pattern[str]") -> "Optional[re.Match[str]]":
        """Go past what `pattern` matches here."""
        found = pattern.match(self._text, self.at)
        if found:
            self.at = found.end()
        return found

    def separator(self, end: str) -> None:
        """Go past a comma, or stay before `end`."""
        if not self.takes(",") and not self._text.startswith(end, self.at):
            self._refuse()

    def value(self, depth: int = 0) -> Any:
        """Return the value that stands here."""
        if self.takes("["):
            return self._list(depth + 1)
        tensor = self.match(_TENSOR)
        if tensor:
            return _tensor_of(tensor)
        for pattern, made in ((_FLOAT, _float_of), (_INTEGER, int), (_WORD, lambda word: word[1:-1])):
            found = self.match(pattern)
            if found:
                return made(found[0])
        symbol = self.match(_SYMBOL)
        if not symbol:
            self._refuse()
        return _CONSTANTS[symbol[0]] if symbol[0] in _CONSTANTS else Symbol(symbol[0])

    def _list(self, depth: int) -> List[Any]:
        if depth > DEEPEST_LIST:
            self._refuse()
        items: List[Any] = []
        while not self.takes("]"):
            item = self.value(depth)
            times = self._times() if self.takes("*") else 1
            self._items += times
            if self._items > LONGEST_LIST or (times > 1 and isinstance(item, list)):
                self._refuse()
            items += [item] * times
            self.separator("]")
        return items

    def _times(self) -> int:
        found = self.match(_INTEGER)
        if not found or len(found[0]) > len(str(LONGEST_LIST)):
            self._refuse()
        return int(found[0])

    def _refuse(self) -> NoReturn:
        raise Unreadable(self._text[:80])


def _float_of(text: str) -> float:
    return float.fromhex(text) if "x" in text else float(text)


def _tensor_of(found: "re.Match[str]") -> TensorSpec:
    strides = found["strides"]
    return TensorSpec(
        dtype=found["dtype"],
        shape=_numbers(found["shape"]),
        strides=None if strides is None else _numbers(strides),
        device=found["device"] or "cpu",
        contents=found["contents"] or "",
        alias=None if found["alias"] is None else int(found["alias"]),
    )


def _numbers(text: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)

"""One value of a record with the path that leads to it, and small typed ways to ask for what it must be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, cast

from reprocheck.errors import InputError
from reprocheck.model.json_documents import Json
from reprocheck.model.records import TensorSpec

HEX_FLOAT_MEANING = "a hex float such as `0x1.8000000000000p+1`"
_HEX_FLOAT = re.compile(r"-?(0x[01]\.[0-9a-f]{1,13}p[+-]\d{1,4}|inf)|nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value of the document with the path that leads to it."""

    value: object
    path: str

    def __getitem__(self, key: str) -> Node:
        """Return the value under `key`."""
        if not isinstance(self.value, dict):
            self.refuse("expected an object")
        if key not in self.value:
            self.refuse(f"expected the key `{key}`")
        return Node(value=self.value[key], path=f"{self.path}.{key}" if self.path else key)

    def has(self, key: str) -> bool:
        """Return whether the object holds `key`."""
        return isinstance(self.value, dict) and key in self.value

    def items(self) -> list[Node]:
        """Return the members of a list."""
        if not isinstance(self.value, list):
            self.refuse("expected a list")
        return [Node(value=item, path=f"{self.path}[{index}]") for index, item in enumerate(self.value)]

    def text(self, pattern: re.Pattern[str] | None = None, meaning: str = "") -> str:
        """Return a text, of the form `pattern` if that is given."""
        if not isinstance(self.value, str):
            self.refuse(f"expected {meaning or 'a text'}")
        if pattern and not pattern.fullmatch(self.value):
            self.refuse(f"expected {meaning}")
        return self.value

    def one_of(self, allowed: tuple[str, ...]) -> str:
        """Return a text out of `allowed`."""
        if self.value not in allowed:
            self.refuse("expected one of " + ", ".join(f"`{value}`" for value in allowed))
        return self.text()

    def integer(self, least: int, most: int) -> int:
        """Return an integer from `least` to `most`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            self.refuse(f"expected an integer from {least} to {most}")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse("expected true or false")
        return self.value

    def mapping(self) -> Mapping[str, Json]:
        """Return an object as it is; floats were refused when the text was read."""
        if not isinstance(self.value, dict):
            self.refuse("expected an object")
        return cast("Mapping[str, Json]", self.value)

    def hex_float(self) -> str:
        """Return a number as a C99 hex float."""
        text = self.text(_HEX_FLOAT, HEX_FLOAT_MEANING)
        if not is_hex_float(text):
            self.refuse(f"expected {HEX_FLOAT_MEANING}")
        return text

    def positive(self) -> str:
        """Return a finite number above zero as a C99 hex float."""
        text = self.hex_float()
        if not 0.0 < float.fromhex(text) < math.inf:
            self.refuse("expected a finite number above zero")
        return text

    def refuse(self, why: str) -> NoReturn:
        """Raise the error of this place."""
        raise InputError(
            "this is not a record that reprocheck can read",
            where=self.path,
            why=why,
            how="restore the file, or write it anew with `reprocheck record`",
        )


def is_hex_float(text: str) -> bool:
    """Say whether a text is a C99 hex float of a double, or what stands for none: `nan`, `inf`, `-inf`."""
    if not _HEX_FLOAT.fullmatch(text):
        return False
    try:
        float.fromhex(text)
    except OverflowError:
        return False
    return True


def read_tensor(node: Node) -> TensorSpec:
    """Return the parameter or buffer that `node` describes."""
    shape = tuple(size.integer(0, 2**40) for size in node["shape"].items())
    return TensorSpec(name=node["name"].text(), dtype=node["dtype"].text(), shape=shape)

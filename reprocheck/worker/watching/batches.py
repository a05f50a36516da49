"""One number for a batch, whatever it is made of: tensors, arrays, numbers and texts, nested in any way.

The numbers of batches are added, wrapping in 64 bits; within one batch every leaf is weighed by its place.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Mapping
from collections.abc import Set as AnySet
from typing import Any, Iterator, List, Tuple

from ..exact_digests import digests
from ..hashing import WORD, key_of

PLAIN = (bool, int, float, complex, str, bytes, type(None))
DEPTH = 12  # deeper than any batch: what refers to itself ends here
Leaf = Tuple[str, Any]


def batch_digest(torch: Any, value: Any) -> int:
    """Return the digest of `value` in [0, 2^64); it waits for tensors that are not on the CPU."""
    here, elsewhere = digest_parts(torch, value)
    return (here + sum(int(part) for part in elsewhere)) % WORD


def digest_parts(torch: Any, value: Any) -> Tuple[int, List[Any]]:
    """Return what is known at once of the digest, and what a device still computes: scalars of int64 to be added."""
    leaves = list(_leaves(torch, value, "", DEPTH))
    tensors = [(path, leaf) for path, leaf in leaves if isinstance(leaf, torch.Tensor)]
    here = sum(key_of("leaf", path, leaf) for path, leaf in leaves if not isinstance(leaf, torch.Tensor))
    elsewhere = []
    for on_cpu in (True, False):
        some = [(path, tensor) for path, tensor in tensors if (tensor.device.type == "cpu") is on_cpu]
        found = digests([tensor for _, tensor in some])
        weights = [key_of("place", path) | 1 for path, _ in some]
        if on_cpu:
            here += sum(one * weight for one, weight in zip(found.tolist(), weights))
        elif some:
            elsewhere.append(sum(one * _signed(weight) for one, weight in zip(found.unbind(), weights)))
    return here % WORD, elsewhere


def _leaves(torch: Any, value: Any, path: str, depth: int) -> Iterator[Leaf]:
    """Yield tensors and the texts that stand for everything else, with their paths; nothing is drawn from iterators."""
    kind = type(value)
    if isinstance(value, torch.Tensor):
        yield path, value
    elif kind in PLAIN or (kind in (list, tuple) and all(type(one) in PLAIN for one in value)):
        yield path, repr((kind.__name__, value))
    elif depth == 0:
        yield path, kind.__name__
    elif isinstance(value, Mapping):
        for name in value:
            yield from _leaves(torch, value[name], "{}[{!r}]".format(path, name), depth - 1)
    elif isinstance(value, (list, tuple)):
        for place, one in enumerate(value):
            yield from _leaves(torch, one, "{}[{}]".format(path, place), depth - 1)
    elif isinstance(value, AnySet):
        yield path, repr(sorted(map(repr, value)))
    else:
        yield from _leaves_of_object(torch, value, path, depth)


def _leaves_of_object(torch: Any, value: Any, path: str, depth: int) -> Iterator[Leaf]:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        yield path, _array_text(value)
        return
    yield path, type(value).__name__
    inner = getattr(value, "__dict__", {})
    if dataclasses.is_dataclass(value):
        inner = {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    for name, one in inner.items():
        if dataclasses.is_dataclass(value) or isinstance(one, torch.Tensor) or type(one) in PLAIN:
            yield from _leaves(torch, one, "{}.{}".format(path, name), depth - 1)


def _array_text(array: Any) -> str:
    content = repr(array.tolist()).encode("utf-8") if array.dtype.hasobject else array.tobytes()
    return "{}{}{}".format(array.dtype.str, array.shape, hashlib.sha256(content).hexdigest())


def _signed(word: int) -> int:
    return word - WORD if word >= WORD // 2 else word

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
    """Yield tensors, and texts that stand for everything else, with their paths; nothing is drawn from iterators."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif _is_plain(value) or depth == 0:
        yield path, repr((type(value).__name__, value if _is_plain(value) else ""))
    elif isinstance(value, AnySet):
        yield path, repr(sorted(map(repr, value)))
    elif _is_array(value):
        yield path, _array_text(value)
    else:
        yield path, type(value).__name__
        for name, one in _inner(torch, value):
            yield from _leaves(torch, one, path + name, depth - 1)


def _inner(torch: Any, value: Any) -> Iterator[Tuple[str, Any]]:
    """Yield what a container holds; of other objects only attributes that are tensors, numbers or texts."""
    if isinstance(value, Mapping):
        yield from (("[{!r}]".format(name), value[name]) for name in value)
    elif isinstance(value, (list, tuple)):
        yield from (("[{}]".format(place), one) for place, one in enumerate(value))
    elif dataclasses.is_dataclass(value):
        yield from (("." + field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))
    else:
        own = getattr(value, "__dict__", {}).items()
        yield from (("." + name, one) for name, one in own if isinstance(one, torch.Tensor) or _is_plain(one))


def _is_plain(value: Any) -> bool:
    kind = type(value)
    return kind in PLAIN or (kind in (list, tuple) and all(type(one) in PLAIN for one in value))


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    kinds = (getattr(numpy, "ndarray", None), getattr(numpy, "generic", None))
    return all(kinds) and isinstance(value, kinds)  # type: ignore[arg-type]


def _array_text(array: Any) -> str:
    content = repr(array.tolist()).encode("utf-8") if array.dtype.hasobject else array.tobytes()
    return "{}{}{}".format(array.dtype.str, array.shape, hashlib.sha256(content).hexdigest())


def _signed(word: int) -> int:
    return word - WORD if word >= WORD // 2 else word

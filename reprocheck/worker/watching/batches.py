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

from ..digest_plans import on_device
from ..exact_digests import digests, undisturbed
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
    known = [(path, tensor) for path, tensor in tensors if tensor.device.type == "cpu"]
    pending = [(path, tensor) for path, tensor in tensors if tensor.device.type != "cpu"]
    here += int(_weighed(known)) if known else 0
    return here % WORD, [_weighed(pending)] if pending else []


def _weighed(tensors: List[Tuple[str, Any]]) -> Any:
    """Return the sum of the digests of tensors, each times a weight of its path, on their device."""
    found_N = digests([tensor for _, tensor in tensors])
    with undisturbed():
        return (found_N * on_device([key_of("place", path) | 1 for path, _ in tensors], found_N.device)).sum()


def _leaves(torch: Any, value: Any, path: str, depth: int) -> Iterator[Leaf]:
    """Yield tensors, and texts that stand for everything else, with their paths; nothing is drawn from iterators."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif _is_plain(value) or depth == 0:
        yield path, repr((type(value).__name__, value if _is_plain(value) else ""))
    elif isinstance(value, AnySet):
        yield path, repr(sorted(repr(one) for one in value if _is_plain(one)))
    elif _is_array(value):
        yield path, _array_text(value)
    else:
        yield path, type(value).__name__
        for name, one in _inner(torch, value):
            yield from _leaves(torch, one, path + name, depth - 1)


def _inner(torch: Any, value: Any) -> Iterator[Tuple[str, Any]]:
    """Yield what a container holds; of other objects only tensors: a time or an address would differ in every run."""
    if isinstance(value, Mapping):
        yield from (
            ("[{!r}]".format(name if _is_plain(name) else place), value[name]) for place, name in enumerate(value)
        )
    elif isinstance(value, (list, tuple)):
        yield from (("[{}]".format(place), one) for place, one in enumerate(value))
    elif dataclasses.is_dataclass(value):
        yield from (("." + field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))
    else:
        own = getattr(value, "__dict__", {}).items()
        yield from (("." + name, one) for name, one in own if isinstance(one, torch.Tensor))


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

"""Digests of the random generators' states: read, never drawn from, and without waiting for a device."""

from __future__ import annotations

import array
import ctypes
import hashlib
import random
import sys
from typing import Any, Dict, Iterator

DIGITS = 16
OFFSET_BYTES = 8  # at the end of the state of a CUDA generator: how far it was drawn from


def random_state(torch: Any) -> Dict[str, str]:
    """Return a digest of each generator's state: `torch`, `python`, and `cuda` and `numpy` where the program has them.

    `cuda` covers the generator of the current device and those of others that were drawn from.
    """
    found = {"torch": _digest(_bytes_of(torch.default_generator.get_state())), "python": _digest(_python_state())}
    cuda = b"".join(_cuda_states(torch))
    if cuda:
        found["cuda"] = _digest(cuda)
    numpy_random = sys.modules.get("numpy.random")
    if hasattr(numpy_random, "get_state"):
        found["numpy"] = _digest(_numpy_state(numpy_random))
    return found


def _digest(state: bytes) -> str:
    return hashlib.sha256(state).hexdigest()[:DIGITS]


def _bytes_of(state: Any) -> bytes:
    return ctypes.string_at(state.data_ptr(), state.numel())


def _python_state() -> bytes:
    version, words, spare = random.getstate()
    return array.array("Q", words).tobytes() + repr((version, spare)).encode("ascii")


def _numpy_state(numpy_random: Any) -> bytes:
    name, key, position, has_spare, spare = numpy_random.get_state()
    return bytes(key.tobytes()) + repr((name, int(position), int(has_spare), float(spare))).encode("ascii")


def _cuda_states(torch: Any) -> Iterator[bytes]:
    """Yield states, which lie on the host; none before CUDA was used, nor while a CUDA graph is captured."""
    if not torch.cuda.is_initialized() or torch.cuda.is_current_stream_capturing():
        return
    current = torch.cuda.current_device()
    for index, generator in enumerate(torch.cuda.default_generators):
        state = _bytes_of(generator.get_state())
        if index == current or any(state[-OFFSET_BYTES:]):
            yield state

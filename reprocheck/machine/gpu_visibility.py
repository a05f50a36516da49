"""Which variables hide GPUs. Their values may name the identity of a GPU and never leave this module.

Source: CUDA Programming Guide, "CUDA Environment Variables"; NVIDIA Container Toolkit, "GPU Enumeration".
"""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json, entries

_CUDA = "CUDA_VISIBLE_DEVICES"
_CONTAINER = "NVIDIA_VISIBLE_DEVICES"
_NO_DEVICE = frozenset({"", "-1"})
_NONE = frozenset({"none", "void"})


def hidden_gpus(variables: Mapping[str, str], devices: Json, seen: int | None) -> str:
    """Return in words how many GPUs `CUDA_VISIBLE_DEVICES` hides, "" where it hides none or nobody knows.

    `devices` are those of the driver, `seen` is the number of those that CUDA sees.
    """
    if _CUDA not in variables or devices == []:
        return ""
    if variables[_CUDA].strip() in _NO_DEVICE:
        return f"`{_CUDA}` hides every GPU"
    found = entries(devices)
    if seen is None or any(value_at(device, "mig") == "enabled" for device in found):
        return ""  # of a GPU that is cut into slices CUDA sees one slice
    hidden = len(found) - seen
    return f"`{_CUDA}` hides {hidden} of {len(found)} GPU{'s' * (len(found) > 1)}" if hidden > 0 else ""


def keeps_gpus_out(variables: Mapping[str, str], devices: Json) -> str:
    """Return in words that the container was started without GPUs, "" where it was not, or has some."""
    has_gpus = not unread_status(devices) and bool(devices)
    return f"`{_CONTAINER}` keeps all GPUs out" if variables.get(_CONTAINER) in _NONE and not has_gpus else ""

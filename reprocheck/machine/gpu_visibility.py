"""Which variables hide GPUs. Their values may name the identity of a GPU and never leave this module.

Source: CUDA Programming Guide, "CUDA Environment Variables"; NVIDIA Container Toolkit, "GPU Enumeration".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprocheck.model.fingerprints import unread_status
from reprocheck.model.json_documents import Json

_CUDA = "CUDA_VISIBLE_DEVICES"
_CONTAINER = "NVIDIA_VISIBLE_DEVICES"
_NONE = frozenset({"none", "void"})


def hidden_gpus(variables: Mapping[str, str], devices: Json, seen: int | None) -> str:
    """Return in words how many GPUs `CUDA_VISIBLE_DEVICES` hides, "" where it hides none or nobody knows.

    `devices` are those of the driver, `seen` is the number of those that CUDA sees.
    """
    if _CUDA not in variables or seen is None or isinstance(devices, str) or not isinstance(devices, Sequence):
        return ""
    if any(isinstance(device, Mapping) and device.get("mig") == "enabled" for device in devices):
        return ""  # of a GPU that is cut into slices CUDA sees one slice
    hidden = len(devices) - seen
    return f"`{_CUDA}` hides {hidden} of {len(devices)} GPU{'s' * (len(devices) > 1)}" if hidden > 0 else ""


def keeps_gpus_out(variables: Mapping[str, str], devices: Json) -> str:
    """Return in words that the container was started without GPUs, "" where it was not, or has some."""
    has_gpus = not unread_status(devices) and bool(devices)
    return f"`{_CONTAINER}` keeps all GPUs out" if variables.get(_CONTAINER) in _NONE and not has_gpus else ""

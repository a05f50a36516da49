"""Ask NVML, in a process of its own: `python -I nvml_child.py` prints one JSON object. Never imported.

NVML runs the driver's code inside the process that asks: it may hang in the kernel or crash. Every value is
read on its own, since a MIG slice in a container may refuse one and tell the others
(NVIDIA/nvidia-container-toolkit#842).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any


def main() -> None:
    """Print what NVML tells, or the status of the failure."""
    try:
        import pynvml  # here, so that its absence can be told
    except ImportError:
        print(json.dumps({"status": "missing", "detail": "nvidia-ml-py is not installed"}))
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        print(json.dumps(_failure(pynvml, error)))
        return
    print(json.dumps(_everything(pynvml)))


def _everything(nvml: Any) -> dict[str, Any]:
    count = _reading(nvml, nvml.nvmlDeviceGetCount)
    return {
        "driver": _reading(nvml, lambda: _text(nvml.nvmlSystemGetDriverVersion())),
        "cuda": _reading(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2),
        "devices": [_device(nvml, index) for index in range(count)] if isinstance(count, int) else count,
    }


def _device(nvml: Any, index: int) -> dict[str, Any]:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError as error:
        failure = _failure(nvml, error)
        return dict.fromkeys(("name", "memoryBytes", "computeCapability", "mig"), failure)
    mode = _reading(nvml, lambda: "enabled" if nvml.nvmlDeviceGetMigMode(handle)[0] else "disabled")
    return {
        "name": _reading(nvml, lambda: _text(nvml.nvmlDeviceGetName(handle))),
        "memoryBytes": _reading(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total),
        "computeCapability": _reading(
            nvml, lambda: ".".join(map(str, nvml.nvmlDeviceGetCudaComputeCapability(handle)))
        ),
        "mig": mode,
        **({"slices": _reading(nvml, lambda: list(_slices(nvml, handle)))} if mode == "enabled" else {}),
    }


def _slices(nvml: Any, handle: Any) -> Iterator[str]:
    """Yield the profile of each MIG slice, `1g.10gb`: the end of its name, which tells no identity."""
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            found = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        except nvml.NVMLError as error:
            if error.value == nvml.NVML_ERROR_NOT_FOUND:  # this place is free
                continue
            raise
        yield _text(nvml.nvmlDeviceGetName(found)).rpartition(" MIG ")[2]


def _reading(nvml: Any, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except nvml.NVMLError as error:
        return _failure(nvml, error)
    except AttributeError:
        return {"status": "missing", "detail": "this nvidia-ml-py cannot ask it"}


def _failure(nvml: Any, error: Any) -> dict[str, str]:
    denied = (nvml.NVML_ERROR_NO_PERMISSION,)
    missing = (nvml.NVML_ERROR_LIBRARY_NOT_FOUND, nvml.NVML_ERROR_DRIVER_NOT_LOADED, nvml.NVML_ERROR_NOT_SUPPORTED)
    status = "denied" if error.value in denied else "missing" if error.value in missing else "error"
    return {"status": status, "detail": str(error).lower()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main()

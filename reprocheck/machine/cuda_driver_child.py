"""Ask libcuda, in a process of its own: `python -I cuda_driver_child.py` prints JSON objects. Never imported.

libcuda runs the driver's code inside the process that asks: it may hang in the kernel or crash. What was learned is
printed before the next question, so that a driver that hangs in `cuInit` has still told its version. No context is
made, so no memory of a GPU is taken.
Source: NVIDIA CUDA Driver API, "Initialization", "Version Management" and "Device Management".
"""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path
from typing import Any

NAME_BYTES = 256
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # CUdevice_attribute
MOST_DEVICES = 64


def main() -> None:
    """Print which libcuda is loaded and its CUDA, then what `cuInit` returns, then the devices that CUDA sees."""
    name = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"
    try:
        cuda: Any = ctypes.CDLL(name)
    except OSError as error:
        _tell(_not_loaded(str(error)))
        return
    version = ctypes.c_int()
    code = cuda.cuDriverGetVersion(ctypes.byref(version))
    _tell({"cuda": _error(code) if code else version.value, **_mapped()})
    code = cuda.cuInit(0)
    _tell({"init": code})
    if code == 0:
        _tell({"devices": _devices(cuda)})


def _tell(part: dict[str, Any]) -> None:
    print(json.dumps(part), flush=True)


def _not_loaded(message: str) -> dict[str, str]:
    if "No such file" in message or "not find" in message or "image not found" in message:
        return {"status": "missing", "detail": "there is no libcuda"}
    return {"status": "error", "detail": f"libcuda cannot be loaded: {message}"}


def _error(code: int) -> dict[str, str]:
    return {"status": "error", "detail": f"CUDA error {code}"}


def _mapped() -> dict[str, Any]:
    """Return the name of the file that the loader took, and whether a folder of cuda-compat holds it; no path."""
    try:
        with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as lines:
            paths = (line.split(maxsplit=5)[-1].strip() for line in lines if "libcuda.so" in line)
            path = os.path.realpath(next(paths))
    except (OSError, StopIteration):
        return {}
    folder, _, name = path.rpartition("/")
    return {"library": name, "compat": any("compat" in part for part in folder.split("/"))}


def _devices(cuda: Any) -> Any:
    count = ctypes.c_int()
    code = cuda.cuDeviceGetCount(ctypes.byref(count))
    return _error(code) if code else [_device(cuda, index) for index in range(min(count.value, MOST_DEVICES))]


def _device(cuda: Any, index: int) -> dict[str, Any]:
    handle, name, size = ctypes.c_int(), ctypes.create_string_buffer(NAME_BYTES), ctypes.c_size_t()
    code = cuda.cuDeviceGet(ctypes.byref(handle), index)
    if code:
        return dict.fromkeys(("name", "memoryBytes", "computeCapability"), _error(code))
    name_code = cuda.cuDeviceGetName(name, NAME_BYTES, handle)
    size_code = cuda.cuDeviceTotalMem_v2(ctypes.byref(size), handle)
    return {
        "name": _error(name_code) if name_code else name.value.decode("utf-8", "replace"),
        "memoryBytes": _error(size_code) if size_code else size.value,
        "computeCapability": _capability(cuda, handle),
    }


def _capability(cuda: Any, handle: ctypes.c_int) -> Any:
    numbers = []
    for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
        number = ctypes.c_int()
        code = cuda.cuDeviceGetAttribute(ctypes.byref(number), attribute, handle)
        if code:
            return _error(code)
        numbers.append(str(number.value))
    return ".".join(numbers)


if __name__ == "__main__":
    main()

"""How this torch was built and what it is linked with, as torch itself and the loaded libraries tell."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from typing import Any, Dict, List

from .readings import plain, reading, reading_at, unread

# The lines of `torch.__config__.show()`, one pattern a library; the words have been the same since torch 1.x.
LIBRARY_PATTERNS = {
    "mkl": r"Math Kernel Library Version (\S+?)(?:-Product)? (?:Product )?Build (?P<build>\d+)",
    "onednn": r"(?:MKL-DNN|oneDNN) v(\S+)",
    "openmp": r"OpenMP (\d+)",
    "compiler": r"^\s*- ((?:GCC|clang|MSVC|Clang) ?\S*)",
    "cudaRuntime": r"CUDA Runtime (\S+)",
    "magma": r"Magma (\S+)",
}
SETTING_NAMES = re.compile(r"(?:USE|PERF_WITH)_[A-Z0-9_]+|BLAS_INFO|LAPACK_INFO|BUILD_TYPE")
LIBRARY_NAMES = re.compile(
    r"lib(?:gomp|iomp5|omp|mkl|openblas|scipy_openblas|blis|armpl|dnnl|arm_compute|cudart|cublas|cudnn|nccl|rccl|rocblas)"
)


def torch_build(torch: Any) -> Dict[str, Any]:
    """Return versions, libraries, settings and targets of the build."""
    config = reading_at(torch, "__config__.show()")
    config = config if isinstance(config, str) else ""
    return {
        "version": reading_at(torch, "version.__version__"),
        "gitVersion": reading_at(torch, "version.git_version"),
        "debug": reading_at(torch, "version.debug"),
        "cuda": _or_absent(reading_at(torch, "version.cuda"), "a build without CUDA"),
        "hip": _or_absent(reading_at(torch, "version.hip"), "a build without ROCm"),
        "cudnn": _or_absent(reading_at(torch, "backends.cudnn.version()"), "a build without cuDNN"),
        "nccl": nccl_versions(torch),
        "cxx11Abi": reading_at(torch, "_C._GLIBCXX_USE_CXX11_ABI"),
        "architectures": architectures(torch, config),
        "libraries": library_versions(config),
        "settings": build_settings(config),
        "loadedLibraries": loaded_libraries(),
    }


def library_versions(config: str) -> Dict[str, Any]:
    """Return the versions that `torch.__config__.show()` tells, MKL with its build date."""
    found = {name: re.search(pattern, config, re.MULTILINE) for name, pattern in LIBRARY_PATTERNS.items()}
    return {
        name: " build ".join(filter(None, match.groups())) if match else unread("missing", "not in this build")
        for name, match in found.items()
    }


def build_settings(config: str) -> Dict[str, str]:
    """Return the switches of the build that name libraries and kernels; compiler flags hold paths and stay out."""
    _, _, settings = config.partition("Build settings:")
    pairs = (item.strip().partition("=") for item in settings.split(","))
    return {name: value.strip() for name, _, value in pairs if SETTING_NAMES.fullmatch(name) and value.strip()}


def architectures(torch: Any, config: str) -> Any:
    """Return the GPU targets of the build; `get_arch_list` is empty without a GPU, the build's own flags are not."""
    flags = reading_at(torch, "_C._cuda_getArchFlags()")
    names: List[str] = flags.split() if isinstance(flags, str) else re.findall(r"code=(\w+)", config)
    return sorted(set(names), key=lambda name: (len(name), name)) or unread("missing", "a build without GPU code")


def nccl_versions(torch: Any) -> Any:
    """Return NCCL as built and as loaded: another library put in its place does not change what torch tells."""
    if not hasattr(getattr(torch, "_C", None), "_nccl_version"):
        return unread("missing", "a build without NCCL")
    built = reading(torch.cuda.nccl.version)
    return {"built": _dotted(built), "loaded": reading(_loaded_nccl)}


def loaded_libraries() -> Any:
    """Return the names of the loaded libraries that compute or communicate; several OpenMP runtimes show here."""
    return sorted({os.path.basename(path) for path in mapped_files() if _decides_numbers(path)}) or unread(
        "missing", "only Linux tells the loaded libraries" if sys.platform != "linux" else "none of the known ones"
    )


def _decides_numbers(path: str) -> bool:
    return LIBRARY_NAMES.match(os.path.basename(path)) is not None


def mapped_files() -> List[str]:
    """Return the files that are mapped into this process, sorted; none where the system does not tell."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as stream:
            fields = [line.split(None, 5) for line in stream]
    except OSError:
        return []
    return sorted({row[5].strip() for row in fields if len(row) == 6 and row[5].startswith("/")})


def _loaded_nccl() -> str:
    """Ask the mapped libnccl itself."""
    paths = [path for path in mapped_files() if os.path.basename(path).startswith("libnccl.so")]
    if not paths:
        return "linked into torch"
    code = ctypes.c_int()
    if ctypes.CDLL(paths[0]).ncclGetVersion(ctypes.byref(code)) != 0:
        raise OSError("ncclGetVersion failed")
    return nccl_version(code.value)


def nccl_version(code: int) -> str:
    """Return the version that a code of ncclGetVersion stands for: 22105 is 2.21.5, 2804 is 2.8.4 (nccl.h)."""
    major, rest = divmod(code, 10000 if code >= 10000 else 1000)
    return "{}.{}.{}".format(major, rest // 100, rest % 100)


def _dotted(version: Any) -> Any:
    return ".".join(map(str, version)) if isinstance(version, list) else plain(version)


def _or_absent(value: Any, absent: str) -> Any:
    return unread("missing", absent) if value == "unset" else value

"""What the names of NVIDIA's wheels, and of wheels that were built for one CUDA, say about it.

Libraries of CUDA 11 and 12 carry the major in their name; from 13 on only the four that CUDA releases do not contain
do. The version of a library is not that of its CUDA: nvidia-cublas 13.1.0.3 is of CUDA 13.0, nvidia-cufft 12.0 too.
Sources: PyPI METADATA, 2026-11-20; the folders in which the wheels put their files (`nvidia/cudnn/lib` and so on).
"""

from __future__ import annotations

import re
from typing import Final

from reprocheck.facts.cuda_versions import Numbers, from_tag, numbers

# Every CUDA major puts its build of these into the same folder, under the same file names.
SHARED: Final = ("cudnn", "nccl", "cusparselt", "nvshmem")
_FIRST_WITHOUT_SUFFIX = 13
# Libraries without a suffix: the first number of their versions in CUDA 13, 0 where it is that of the CUDA.
_OF_TOOLKIT: Final = {
    "cublas": 13,
    "cuda-cupti": 0,
    "cuda-nvcc": 0,
    "cuda-nvrtc": 0,
    "cuda-runtime": 0,
    "cufft": 12,
    "cufile": 1,
    "curand": 10,
    "cusolver": 12,
    "cusparse": 12,
    "nvjitlink": 0,
    "nvtx": 0,
    "nvvm": 0,
}
_SUFFIX = re.compile(r"-(?:cu|cuda)(?P<digits>\d{2,3}|\d{1,2}\.\d)x?$")


def suffix_cuda(name: str) -> Numbers | None:
    """Return the CUDA that a name ends in: of `-cu12` and `-cuda12x` (12,), of `-cu110` and `-cuda11.0` (11, 0)."""
    found = _SUFFIX.search(name) if "-cu" in name else None
    return from_tag(found["digits"]) if found else None


def library_of(name: str) -> str | None:
    """Return the library of one of NVIDIA's wheels: `cudnn` of `nvidia-cudnn-cu12`; None for other projects."""
    if not name.startswith("nvidia-"):
        return None
    library = _SUFFIX.sub("", name.removeprefix("nvidia-"))
    return library if library in SHARED or library in _OF_TOOLKIT else None


def is_placeholder(name: str) -> bool:
    """Say whether a name was reserved and holds no library: `nvidia-cublas-cu13`, which is `nvidia-cublas`."""
    library, suffix = library_of(name), suffix_cuda(name)
    return library in _OF_TOOLKIT and suffix is not None and suffix[0] >= _FIRST_WITHOUT_SUFFIX


def library_cuda(name: str, version: str) -> Numbers | None:
    """Return the CUDA major that one of NVIDIA's wheels is of, `version` may be empty; None where it tells none."""
    suffix, library = suffix_cuda(name), library_of(name)
    if library is None or is_placeholder(name):
        return None
    if suffix:
        return suffix
    first = numbers(version)[:1]
    if library in SHARED:
        return None
    known = _OF_TOOLKIT[library]
    if known and first and first[0] != known:
        return None
    return first if first and not known else (_FIRST_WITHOUT_SUFFIX,)


def name_for(library: str, major: int) -> str:
    """Return what the wheel of a library is called for a CUDA major."""
    suffixed = library in SHARED or major < _FIRST_WITHOUT_SUFFIX
    return f"nvidia-{library}-cu{major}" if suffixed else f"nvidia-{library}"

"""What the doctor tries on a GPU: that torch sees it, that a kernel runs, a convolution by cuDNN, a sum by NCCL."""

from __future__ import annotations

import warnings
from typing import Any, Dict, List

from .readings import describe_error, plain, reading, reading_at, unread
from .torch_build import nccl_versions

MOST_DEVICES = 16


def gpu_seen(torch: Any) -> Dict[str, Any]:
    """Return how many GPUs torch sees and what they are, or what it says when it sees none."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        count, is_available = torch.cuda.device_count(), torch.cuda.is_available()
    return {
        "available": is_available,
        "count": count,
        "devices": [reading(lambda: _device(torch, index)) for index in _indices(count)] if is_available else [],  # noqa: B023 - called here
        "said": "" if is_available else _excuse(torch, [warning.message for warning in told]),
    }


def _indices(count: int) -> List[int]:
    return list(range(min(count, MOST_DEVICES)))


def _device(torch: Any, index: int) -> Dict[str, Any]:
    major, minor = torch.cuda.get_device_capability(index)
    return {"name": torch.cuda.get_device_name(index), "computeCapability": "{}.{}".format(major, minor)}


def _excuse(torch: Any, told: List[Any]) -> str:
    """Return why CUDA does not start: what raises tells more than the warning before it."""
    try:
        torch.cuda.init()
    except Exception as error:  # whatever CUDA's loader likes
        return describe_error(error)
    return describe_error(told[-1]) if told else ""


def gpu_kernels(torch: Any) -> Any:
    """Return `ok` for each GPU that computed something right, the failure for each other."""
    return [reading(lambda: _compute(torch, index)) for index in _indices(torch.cuda.device_count())]  # noqa: B023 - called here


def _compute(torch: Any, index: int) -> str:
    values = torch.arange(8, dtype=torch.float32, device=torch.device("cuda", index))
    return _same(float((values * 2).sum()), 56.0)


def cudnn(torch: Any, *, has_gpu: bool) -> Dict[str, Any]:
    """Return the cuDNN that is loaded, the one that torch was built for, and how a convolution went.

    `torch.backends.cudnn.version()` raises where the two do not fit together.
    """
    return {
        "loaded": reading_at(torch, "backends.cudnn.version()"),
        "built": reading_at(torch, "_C._cudnn.getCompileVersion()"),
        "tried": reading(lambda: _convolve(torch)) if has_gpu else unread("missing", "no GPU to try it on"),
    }


def _convolve(torch: Any) -> str:
    device = torch.device("cuda")
    picture, weight = torch.ones(1, 3, 8, 8, device=device), torch.ones(4, 3, 3, 3, device=device)
    if not torch.backends.cudnn.is_acceptable(picture):
        return "torch does without it"
    return _same(float(torch.nn.functional.conv2d(picture, weight).mean()), 27.0)


def nccl(torch: Any, *, has_gpu: bool) -> Any:
    """Return NCCL as built and as loaded, and how a sum over one process went."""
    versions = nccl_versions(torch)
    if "status" in versions:
        return versions
    return {**versions, "tried": reading(lambda: _sum_alone(torch)) if has_gpu else unread("missing", "no GPU")}


def _sum_alone(torch: Any) -> str:
    distributed = torch.distributed
    if not distributed.is_nccl_available():
        return "torch.distributed was built without it"
    torch.cuda.set_device(0)
    distributed.init_process_group("nccl", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        values = torch.ones(4, device=torch.device("cuda"))
        distributed.all_reduce(values)
        return _same(float(values.sum()), 4.0)
    finally:
        distributed.destroy_process_group()


def _same(found: float, wanted: float) -> str:
    return "ok" if found == wanted else "a wrong result: {} instead of {}".format(plain(str(found)), plain(str(wanted)))

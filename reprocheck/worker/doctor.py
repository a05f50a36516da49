"""The job `doctor`: try, one after the other, what a training run will need.

One line a question, on disk as soon as it is answered: what is tried may hang or crash the interpreter (a segmentation
fault in cuDNN), and what was said before then stays. The launcher asks what came behind it again, in a new process.
`{"gpu": false}` in the job leaves the GPUs alone. No value is a float: times are integers of nanoseconds.
"""

from __future__ import annotations

import platform
import sys
from typing import Any, Callable, Dict

from .doctor_gpu import cudnn, gpu_kernels, gpu_seen, nccl
from .doctor_runtimes import openmp
from .doctor_speed import speed_against_fp32
from .lines import Emit
from .readings import describe_error, reading, reading_at, unread
from .torch_build import architectures

NO_GPU = unread("missing", "torch sees no GPU")


def doctor(job: Dict[str, Any], emit: Emit) -> None:
    """Answer `torch`, then the questions of the job in their order; without torch there is nothing else to ask."""
    try:
        import torch
    except ModuleNotFoundError as error:
        absent = error.name == "torch"
        failure = unread("missing", "torch is not installed") if absent else unread("error", describe_error(error))
        emit({"question": "torch", "reading": failure})
        return
    except Exception as error:  # a broken build raises OSError, ImportError, RuntimeError, whatever its loader likes
        emit({"question": "torch", "reading": unread("error", describe_error(error))})
        return
    emit({"question": "torch", "reading": _describe(torch)})
    for name in job["questions"]:
        emit({"question": name, "reading": reading(lambda: _ask(name, torch, job["gpu"]))})  # noqa: B023 - called here


def _describe(torch: Any) -> Dict[str, Any]:
    config = reading_at(torch, "__config__.show()")
    return {
        "python": platform.python_version(),
        "system": sys.platform,
        "machine": platform.machine(),
        "version": reading_at(torch, "version.__version__"),
        "cuda": reading_at(torch, "version.cuda"),
        "hip": reading_at(torch, "version.hip"),
        "architectures": architectures(torch, config if isinstance(config, str) else ""),
    }


def _ask(name: str, torch: Any, gpu: bool) -> Any:
    if name == "openmp":
        return openmp()
    if name == "gpu-seen":
        return gpu_seen(torch)
    has_gpu = gpu and torch.cuda.is_available()
    if name == "grad-scaler":
        return _grad_scaler("cuda" if has_gpu else "cpu")
    return _GPU_QUESTIONS[name](torch) if has_gpu else _without_gpu(name, torch)


def _without_gpu(name: str, torch: Any) -> Any:
    """Return what can be said of a library without a GPU to try it on."""
    if name == "cudnn":
        return cudnn(torch, has_gpu=False)
    return nccl(torch, has_gpu=False) if name == "nccl" else NO_GPU


def _grad_scaler(kind: str) -> Any:
    from .doctor_scaler import grad_scaler

    return grad_scaler(kind)


def _speed_of(kind: str) -> Callable[[Any], Any]:
    return lambda torch: speed_against_fp32(torch, kind)


_GPU_QUESTIONS: Dict[str, Callable[[Any], Any]] = {
    "gpu-kernels": gpu_kernels,
    "cudnn": lambda torch: cudnn(torch, has_gpu=True),
    "nccl": lambda torch: nccl(torch, has_gpu=True),
    **{kind: _speed_of(kind) for kind in ("fp16", "bf16", "tf32", "fp8")},
}

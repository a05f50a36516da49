"""The job `doctor`: try, one after the other, what a training run will need.

One line a question, on disk as soon as it is answered: what is tried may hang or crash the interpreter (a segmentation
fault in cuDNN), and what was said before then stays. The launcher asks what came behind it again, in a new process.
`{"gpu": false}` in the job leaves the GPUs alone. No value is a float: times are integers of nanoseconds.
"""

from __future__ import annotations

import platform
import sys
from typing import Any, Dict

from .doctor_gpu import cudnn, gpu_kernels, gpu_seen, nccl
from .doctor_runtimes import openmp
from .doctor_speed import speed_against_fp32
from .lines import Emit
from .readings import load, reading, reading_at, unread
from .torch_build import architectures

NO_GPU = unread("missing", "torch sees no GPU")


def doctor(job: Dict[str, Any], emit: Emit) -> None:
    """Answer `torch`, then the questions of the job in their order; without torch there is nothing else to ask."""
    torch, failure = load("torch")
    emit({"question": "torch", "reading": failure or _describe(torch)})
    if failure:
        return
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
    if name == "cudnn":
        return cudnn(torch, has_gpu=has_gpu)
    if name == "nccl":
        return nccl(torch, has_gpu=has_gpu)
    if name == "grad-scaler":
        from .doctor_scaler import grad_scaler  # it loads torch by itself

        return grad_scaler("cuda" if has_gpu else "cpu")
    if not has_gpu:
        return NO_GPU
    return gpu_kernels(torch) if name == "gpu-kernels" else speed_against_fp32(torch, name)

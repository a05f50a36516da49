"""Ask whether this machine and an environment are ready to train: one answer a question, whatever hangs or crashes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reprocheck.errors import UsageError
from reprocheck.model.doctors import GPU_QUESTIONS, PRECISIONS, QUESTIONS, Answer, Checkup
from reprocheck.workflows.doctoring.asking import gather, needed_questions
from reprocheck.workflows.doctoring.asking_python import Sources
from reprocheck.workflows.doctoring.driver import judge_cuda_runtime, judge_driver
from reprocheck.workflows.doctoring.gpus import judge_gpu_kernels, judge_gpu_seen
from reprocheck.workflows.doctoring.libraries import judge_cudnn, judge_nccl
from reprocheck.workflows.doctoring.precisions import judge_precision
from reprocheck.workflows.doctoring.readings import Readings
from reprocheck.workflows.doctoring.surroundings import (
    judge_disk,
    judge_jupyter_kernel,
    judge_open_files,
    judge_shared_memory,
)
from reprocheck.workflows.doctoring.training import judge_ddp, judge_grad_scaler, judge_openmp, judge_torch
from reprocheck.workflows.environment_python import python_in

TIMEOUT_S = 10.0

_PROGRAM_FOLDERS = ("bin", "Scripts")

_JUDGES: Mapping[str, Callable[[Readings], Answer]] = {
    "torch": judge_torch,
    "driver": judge_driver,
    "cuda-runtime": judge_cuda_runtime,
    "gpu-seen": judge_gpu_seen,
    "gpu-kernels": judge_gpu_kernels,
    "cudnn": judge_cudnn,
    "nccl": judge_nccl,
    **{name: partial(judge_precision, name) for name in PRECISIONS},
    "grad-scaler": judge_grad_scaler,
    "ddp": judge_ddp,
    "jupyter-kernel": judge_jupyter_kernel,
    "openmp": judge_openmp,
    "disk": judge_disk,
    "shared-memory": judge_shared_memory,
    "open-files": judge_open_files,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRequest:
    """What to ask about: one Python, prefix or environment name at most, by default the running interpreter.

    `cpu` leaves the GPUs alone; `skipped` are names of questions.
    """

    python: Path | None = None
    prefix: Path | None = None
    name: str | None = None
    cpu: bool = False
    skipped: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S


def examine(request: DoctorRequest) -> Checkup:
    """Return the answers within the time-out and about a second.

    Raises:
        UsageError: more than one environment is named.
        InputError: there is no such environment, or what is given as Python is none.
    """
    python, root = _environment(request)
    names = _chosen(request)
    sources = Sources(
        python=python,
        is_given=any(given is not None for given in _named(request)),
        root=root,
        questions=needed_questions(names),
        timeout_s=request.timeout_s,
    )
    return Checkup(answers=judged(gather(sources), names))


def judged(readings: Readings, names: tuple[str, ...]) -> tuple[Answer, ...]:
    """Return the answers to the questions of these names."""
    return tuple(_JUDGES[name](readings) for name in names)


def _chosen(request: DoctorRequest) -> tuple[str, ...]:
    left_out = {*request.skipped, *((question.name for question in GPU_QUESTIONS) if request.cpu else ())}
    return tuple(question.name for question in QUESTIONS if question.name not in left_out)


def _environment(request: DoctorRequest) -> tuple[Path, Path]:
    """Return the Python to ask, and the folder of its environment."""
    if sum(given is not None for given in _named(request)) > 1:
        raise UsageError("several environments are named", where="--python, --prefix, -n", how="give one of the three")
    if request.python is not None:
        return request.python, _prefix_of(request.python)
    if request.prefix is None and request.name is None:
        return Path(sys.executable), Path(sys.prefix)
    # Only names take it: the places of environments are read with a YAML parser.
    from reprocheck.workflows.installed import find_root

    root = find_root(request.prefix, request.name)
    return python_in(root), root


def _named(request: DoctorRequest) -> tuple[Path | str | None, ...]:
    return request.python, request.prefix, request.name


def _prefix_of(python: Path) -> Path:
    """Return the environment that a Python is of, by where it lies: links are what makes a virtual environment."""
    program = Path(shutil.which(python) or python).absolute()
    return program.parent.parent if program.parent.name in _PROGRAM_FOLDERS else program.parent

"""TF32 for one operation: the tensor cores of CUDA round the fractions of float32 to ten bits, if they are allowed to."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Iterator, List, Tuple

import torch

from .probe import Bench, Outputs


def allowed(bench: Bench, run: Callable[[], Outputs]) -> Callable[[], Outputs]:
    """Return `run`, under TF32 where that is the dtype of the bench, and as the process is set otherwise."""
    return functools.partial(_run_in_tf32, run) if bench.dtype_name == "tf32" else run


def _run_in_tf32(run: Callable[[], Outputs]) -> Outputs:
    with _tf32():
        return run()


@contextlib.contextmanager
def _tf32() -> Iterator[None]:
    """Allow TF32 in cuBLAS and cuDNN inside.

    torch 2.9 brought names of precisions beside the switch, and a getter of one kind raises after a setter of the
    other: what is there is set by its newest name and set back by the same.
    """
    before = [(place, name, getattr(place, name)) for place, name, _ in _switches()]
    try:
        for place, name, value in _switches():
            setattr(place, name, value)
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


def _switches() -> List[Tuple[Any, str, Any]]:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    convolution = getattr(cudnn, "conv", None)
    return [
        (matmul, "fp32_precision", "tf32") if _has(matmul, "fp32_precision") else (matmul, "allow_tf32", True),
        (convolution, "fp32_precision", "tf32") if convolution is not None else (cudnn, "allow_tf32", True),
    ]


def _has(place: Any, name: str) -> bool:
    try:
        getattr(place, name)
    except (AttributeError, AssertionError):  # `torch.backends.cuda.matmul` asserts that it knows the name
        return False
    return True

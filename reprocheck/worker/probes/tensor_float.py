"""TF32 for one operation: tensor cores of CUDA round the fractions of float32 to ten bits, if they are allowed to."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Iterator, List, Tuple

import torch

from .probe import Bench, Outputs

Switch = Tuple[Callable[[], Any], Callable[[Any], None], Any]


def allowed(bench: Bench, run: Callable[[], Outputs]) -> Callable[[], Outputs]:
    """Return `run`, under TF32 where that is the dtype of the bench, and as the process is set otherwise."""
    return functools.partial(_run_in_tf32, run) if bench.dtype_name == "tf32" else run


def _run_in_tf32(run: Callable[[], Outputs]) -> Outputs:
    with tf32():
        return run()


@contextlib.contextmanager
def tf32() -> Iterator[None]:
    """Allow TF32 in cuBLAS and cuDNN inside; outside, everything reads as before."""
    switches = _switches()
    before = [read() for read, _, _ in switches]
    try:
        for _, write, value in switches:
            write(value)
        yield
    finally:
        for (_, write, _), value in zip(switches, before):
            write(value)


def _switches() -> List[Switch]:
    """Return what allows TF32, by its newest name.

    torch 2.9 brought `fp32_precision` beside the older switches, and the getter of one kind raises after the setter of
    the other; before, `allow_tf32` forgets whether the precision was `high` or `medium`.
    """
    cudnn = torch.backends.cudnn
    return [
        _attribute(torch.backends.cuda.matmul, "fp32_precision", "tf32")
        if _has(torch.backends.cuda.matmul, "fp32_precision")
        else (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "high"),
        _attribute(getattr(cudnn, "conv", None), "fp32_precision", "tf32")
        if hasattr(cudnn, "conv")
        else _attribute(cudnn, "allow_tf32", True),
    ]


def _attribute(place: Any, name: str, value: Any) -> Switch:
    return functools.partial(getattr, place, name), functools.partial(setattr, place, name), value


def _has(place: Any, name: str) -> bool:
    try:
        getattr(place, name)
    except (AttributeError, AssertionError):  # `torch.backends.cuda.matmul` asserts that it knows the name
        return False
    return True

"""TF32 for the time of a measurement: tensor cores of CUDA then round the fractions of float32 to ten bits."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Iterator, List, Tuple

import torch

Switch = Tuple[Callable[[], Any], Callable[[Any], None], Any]


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
    matmul: Any = torch.backends.cuda.matmul
    cudnn: Any = torch.backends.cudnn
    if _has(matmul, "fp32_precision"):
        return [_attribute(place, "fp32_precision", "tf32") for place in (matmul, cudnn.conv, cudnn.rnn)]
    products = (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "high")
    return [products, _attribute(cudnn, "allow_tf32", True)]


def _attribute(place: Any, name: str, value: Any) -> Switch:
    return functools.partial(getattr, place, name), functools.partial(setattr, place, name), value


def _has(place: Any, name: str) -> bool:
    try:
        getattr(place, name)
    except (AttributeError, AssertionError):  # `torch.backends.cuda.matmul` asserts that it knows the name
        return False
    return True

"""TensorFloat-32 on CUDA, for the time of a measurement (NVIDIA A100 whitepaper: 8 exponent bits, 10 fraction bits)."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, List, Tuple


@contextlib.contextmanager
def tensor_float_32(torch: Any) -> Iterator[None]:
    """Let products and convolutions round their inputs to TF32, by the new switches where this torch has them."""
    switches = _switches(torch)
    before = [getattr(owner, name) for owner, name, _ in switches]
    try:
        for owner, name, value in switches:
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name, _), value in zip(switches, before):
            setattr(owner, name, value)


def _switches(torch: Any) -> List[Tuple[Any, str, Any]]:
    """Return owner, name and value; the old and the new names must not be mixed, or torch's getters raise."""
    try:
        convolution = torch.backends.cudnn.conv
        if isinstance(convolution.fp32_precision, str):
            return [(torch.backends.cuda.matmul, "fp32_precision", "tf32"), (convolution, "fp32_precision", "tf32")]
    except (AttributeError, AssertionError):  # torch before 2.1 asserts where a later one has no such attribute
        pass
    return [(torch.backends.cuda.matmul, "allow_tf32", True), (torch.backends.cudnn, "allow_tf32", True)]

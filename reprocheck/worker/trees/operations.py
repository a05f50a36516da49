"""The sums whose order is looked for: their types, sizes and shapes.

Shapes are fixed, for kernels are chosen by shape. Legend: R rows, N summands, C columns.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Dict, List, NamedTuple, Tuple

import torch

from ..tensor_float import tf32
from .summation import Summation

Left = torch.Tensor
Right = Any  # a tensor; None for sums of plain numbers, whose functions do not look at it

FLOATS = ("fp64", "fp32", "bf16", "fp16")
ROWS = 128
COLUMNS = 64


class Kind(NamedTuple):
    """A function with the shape of its calls, and the sizes by type; a size of (N, step) looks at every step-th."""

    compute: Callable[[Left, Right], torch.Tensor]
    rows: int
    columns: int
    sizes: Dict[str, Tuple[Any, ...]]


def _same(size: Any, *dtypes: str) -> Dict[str, Tuple[Any, ...]]:
    return dict.fromkeys(dtypes or FLOATS, (size,))


def _sum(left_RN: Left, _: Right) -> torch.Tensor:
    return left_RN.view(-1).sum()


def _sum_rows(left_RN: Left, _: Right) -> torch.Tensor:
    return left_RN.sum(1)


def _sum_columns(left_RN: Left, _: Right) -> torch.Tensor:
    return left_RN.t().contiguous().sum(0)


def _mean(left_RN: Left, _: Right) -> torch.Tensor:
    """Return the mean times N, a power of two: exact."""
    return left_RN.mean(1) * left_RN.shape[1]


def _cumulative(left_RN: Left, _: Right) -> torch.Tensor:
    return left_RN.cumsum(1)[:, -1]


def _index_add(left_RN: Left, _: Right) -> torch.Tensor:
    flat_N = left_RN.view(-1)
    place_N = torch.zeros(len(flat_N), dtype=torch.int64, device=flat_N.device)
    return torch.zeros(1, dtype=flat_N.dtype, device=flat_N.device).index_add_(0, place_N, flat_N)


def _dot(left_RN: Left, right_NC: Right) -> torch.Tensor:
    return torch.dot(left_RN.view(-1), right_NC.view(-1))


def _matrix_vector(left_RN: Left, right_NC: Right) -> torch.Tensor:
    return torch.mv(left_RN, right_NC.view(-1))


def _vector_matrix(left_RN: Left, right_NC: Right) -> torch.Tensor:
    """Multiply one row by a matrix; the questions are the columns of the matrix."""
    return torch.matmul(right_NC.t(), left_RN.t())


def _matmul(left_RN: Left, right_NC: Right) -> torch.Tensor:
    return torch.matmul(left_RN, right_NC)


def _linear(left_RN: Left, right_NC: Right) -> torch.Tensor:
    return torch.nn.functional.linear(left_RN, right_NC.t().contiguous())


def _batched(left_RN: Left, right_NC: Right) -> torch.Tensor:
    """Multiply four matrices of a quarter of the rows each."""
    left_BRN = left_RN.view(4, -1, left_RN.shape[1])
    return torch.bmm(left_BRN, right_NC.repeat(4, 1, 1))


KINDS: Dict[str, Kind] = {
    # Long sums are split among threads; a place in 2048 shows where.
    "sum": Kind(_sum, 1, 0, {**_same(256), "fp32": (256, (131072, 2048))}),
    "sum-rows": Kind(_sum_rows, ROWS, 0, _same(256)),
    "sum-columns": Kind(_sum_columns, ROWS, 0, _same(256, "fp32", "bf16")),
    "mean": Kind(_mean, ROWS, 0, _same(256, "fp32")),
    "cumsum": Kind(_cumulative, ROWS, 0, _same(256, "fp32", "bf16")),
    "index-add": Kind(_index_add, 1, 0, _same(64, "fp32", "bf16")),
    "dot": Kind(_dot, 1, 1, _same(256)),
    "matrix-vector": Kind(_matrix_vector, ROWS, 1, _same(256)),
    "vector-matrix": Kind(_vector_matrix, ROWS, 1, _same(256, "fp32")),
    "matmul": Kind(
        _matmul,
        ROWS,
        COLUMNS,
        {"fp64": (256, 512), "fp32": (256, 512, 1024, (4096, 16)), "tf32": (256,), "bf16": (256, 512), "fp16": (256,)},
    ),
    "linear": Kind(_linear, ROWS, COLUMNS, _same(256, "fp32")),
    "bmm": Kind(_batched, ROWS, COLUMNS, _same(256, "fp32", "bf16")),
}


def summations(device: str) -> List[Summation]:
    """Return all sums that a kind of device is asked for, in order; tf32 is a type of CUDA's products."""
    return [
        summation_of(operation, dtype, *(size if isinstance(size, tuple) else (size, 1)))
        for operation, kind in KINDS.items()
        for dtype, sizes in kind.sizes.items()
        if dtype != "tf32" or device == "cuda"
        for size in sizes
    ]


def summation_of(operation: str, dtype: str, size: int, step: int = 1) -> Summation:
    """Return one operation on `size` summands."""
    kind = KINDS[operation]
    return Summation(operation, dtype, size, kind.rows, kind.columns, kind.compute, step)


def precision_of(summation: Summation) -> ContextManager[None]:
    """Return a context in which products of fp32 on CUDA take TF32, where the sum is one of that type."""
    return tf32() if summation.dtype == "tf32" else contextlib.nullcontext()


def name_of(summation: Summation) -> str:
    """Return a name such as `matmul fp32 K=256`, with `/16` where only every 16th summand is looked at."""
    letter = "K" if summation.columns else "n"
    step = "/{}".format(summation.step) if summation.step > 1 else ""
    return "{} {} {}={}{}".format(summation.operation, summation.dtype, letter, summation.size, step)

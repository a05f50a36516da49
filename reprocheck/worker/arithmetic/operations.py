"""The operations whose arithmetic is profiled, each brought to a form that a query fits.

products: (x_QK, y_K) gives for every query the sum over K of x * y. sums: x_QK gives the sum over K.
multiply-add: (a_Q, b_Q, c_Q) gives a * b + c. addition, product: (a_Q, b_Q) gives one. conversion: x_Q in another type.
Legend: Q queries, K summands, N columns.
"""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Tuple

import torch
from torch.nn import functional

from .formats import Format
from .queries import K

N = 16


FLOATS = ("fp64", "fp32", "bf16", "fp16")
EIGHT_BITS = ("fp8e4m3", "fp8e5m2")


class Operation(NamedTuple):
    """An operation by name, the form it was brought to, the call, and the types it is asked in."""

    name: str
    form: str
    call: Callable[..., Any]
    dtypes: Tuple[str, ...] = FLOATS


def _columns(y_K: torch.Tensor) -> torch.Tensor:
    return y_K.unsqueeze(1).expand(K, N).contiguous()


def _matmul(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    return (x_QK @ _columns(y_K))[:, 0]


def _linear(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    return functional.linear(x_QK, y_K.expand(N, K).contiguous())[:, 0]


def _bmm(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    return torch.bmm(x_QK.view(4, -1, K), _columns(y_K).expand(4, K, N).contiguous())[:, :, 0].reshape(-1)


def _dot(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    return torch.stack([torch.dot(row_K, y_K) for row_K in x_QK])


def _conv(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    weight = y_K.view(1, K // 4, 2, 2).expand(N, K // 4, 2, 2).contiguous()
    return functional.conv2d(x_QK.view(-1, K // 4, 2, 2), weight)[:, 0, 0, 0]


def _conv_weight_gradient(x_QK: torch.Tensor, y_K: torch.Tensor) -> Any:
    """Sum over the batch, which is K here, as the gradient of a weight does."""
    image = x_QK.t().contiguous().view(K, -1, 1, 1)
    weight = torch.zeros(N, image.shape[1], 1, 1, dtype=x_QK.dtype, device=x_QK.device)
    upstream = _columns(y_K).view(K, N, 1, 1)
    options = ([0], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False])
    return torch.ops.aten.convolution_backward(upstream, image, weight, *options)[1][0, :, 0, 0]


def _scaled_mm(x_QK: torch.Tensor, y_K: torch.Tensor) -> torch.Tensor:
    """Multiply 8-bit floats; the right operand lies by columns, as the kernels want it."""
    one = torch.ones((), dtype=torch.float32, device=x_QK.device)
    right = y_K.expand(N, K).contiguous().t()
    found: Any = torch._scaled_mm(x_QK, right, scale_a=one, scale_b=one, out_dtype=torch.float32)
    product_QN: torch.Tensor = found[0] if isinstance(found, tuple) else found  # a pair before torch 2.5
    return product_QN[:, 0]


def _sum_of_columns(x_QK: torch.Tensor) -> torch.Tensor:
    return x_QK.t().contiguous().sum(0)


def _row(x_QK: torch.Tensor) -> torch.Tensor:
    return torch.zeros(1, x_QK.shape[0], dtype=x_QK.dtype, device=x_QK.device)


def _first(x_QK: torch.Tensor, *size: int) -> torch.Tensor:
    return torch.zeros(size, dtype=torch.int64, device=x_QK.device)


def _index_add(x_QK: torch.Tensor) -> torch.Tensor:
    """Add number by number to a vector."""
    count = x_QK.shape[0]
    index = torch.arange(count, device=x_QK.device).repeat(K)
    return _row(x_QK)[0].index_add(0, index, x_QK.t().reshape(-1))


def _index_add_of_rows(x_QK: torch.Tensor) -> torch.Tensor:
    return _row(x_QK).index_add(0, _first(x_QK, K), x_QK.t().contiguous())[0]


def _index_put(x_QK: torch.Tensor) -> torch.Tensor:
    return _row(x_QK).index_put((_first(x_QK, K),), x_QK.t().contiguous(), accumulate=True)[0]


def _scatter_add(x_QK: torch.Tensor) -> torch.Tensor:
    return _row(x_QK).scatter_add(0, _first(x_QK, K, x_QK.shape[0]), x_QK.t().contiguous())[0]


def _embedding_gradient(x_QK: torch.Tensor) -> Any:
    upstream = x_QK.t().contiguous()
    return torch.ops.aten.embedding_dense_backward(upstream, _first(x_QK, K), 1, -1, False)[0]


def _multiply_then_add(a_Q: torch.Tensor, b_Q: torch.Tensor, c_Q: torch.Tensor) -> torch.Tensor:
    return a_Q * b_Q + c_Q


def _addcmul(a_Q: torch.Tensor, b_Q: torch.Tensor, c_Q: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(c_Q, a_Q, b_Q)


def _lerp(a_Q: torch.Tensor, b_Q: torch.Tensor, c_Q: torch.Tensor) -> torch.Tensor:
    """Return c + weight * (end - c), where the weight is a / 4, below one half, and the end is c + 4 b, exactly."""
    four = torch.full_like(a_Q, 4)
    return torch.lerp(c_Q, c_Q + b_Q * four, a_Q / four)


def _convert(x_Q: torch.Tensor, form: Format) -> torch.Tensor:
    return x_Q.to(getattr(torch, form.torch_name))


def _add_with_alpha(a_Q: torch.Tensor, b_Q: torch.Tensor, c_Q: torch.Tensor) -> torch.Tensor:
    return torch.add(c_Q, b_Q, alpha=float(a_Q[0]))


OPERATIONS: List[Operation] = [
    Operation("matmul", "products", _matmul),
    Operation("linear", "products", _linear),
    Operation("bmm", "products", _bmm),
    Operation("gemv", "products", torch.mv),
    Operation("dot", "products", _dot),
    Operation("conv", "products", _conv),
    Operation("conv-weight-gradient", "products", _conv_weight_gradient),
    Operation("sum", "sums", lambda x_QK: x_QK.sum(1)),
    Operation("sum-of-columns", "sums", _sum_of_columns),
    Operation("cumsum", "sums", lambda x_QK: x_QK.cumsum(1)[:, -1]),
    Operation("index-add", "sums", _index_add),
    Operation("index-add-of-rows", "sums", _index_add_of_rows),
    Operation("index-put", "sums", _index_put),
    Operation("scatter-add", "sums", _scatter_add),
    Operation("embedding-gradient", "sums", _embedding_gradient),
    Operation("multiply-then-add", "multiply-add", _multiply_then_add),
    Operation("addcmul", "multiply-add", _addcmul),
    Operation("lerp", "multiply-add", _lerp),
    Operation("add-with-alpha", "multiply-add", _add_with_alpha),
    Operation("add", "addition", torch.add),
    Operation("mul", "product", torch.mul),
    Operation("convert", "conversion", _convert, ("fp32", "bf16", "fp16", *EIGHT_BITS)),
    Operation("scaled-mm", "products", _scaled_mm, EIGHT_BITS),
]

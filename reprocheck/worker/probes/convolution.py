"""Convolutions, forward and each gradient by itself: they take different algorithms, and differ for different reasons.

All products cancel along the dimension that is summed: the channels in (forward), the channels out (gradient of the
input), the batch (gradients of weight and bias). Legend: B batch, C channels in, O channels out, H W image, L length.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch.nn import functional

from ..inputs import SPREAD, hashed_order, mirrored, summed_scale, wide
from .probe import Bench, Case, Probe, gradients, in_dtypes
from .tensor_float import allowed

FAMILY = "convolution"
DTYPES = ("fp32", "tf32", "bf16", "fp16")
WITH_FP64, SHORT = ("fp64", *DTYPES), ("fp32", "tf32", "bf16")
BIAS_SPREAD = 10
ORDER_KEY = 0x5EED
SUMMED = {"forward": "channels-in", "grad-input": "channels-out", "grad-weight": "batch", "grad-bias": "batch"}


class Layer(NamedTuple):
    """A layer: shapes of input and weight, and how it is called."""

    x: Tuple[int, ...]
    weight: Tuple[int, ...]
    options: Dict[str, Any]


PLAIN = Layer((6, 16, 10, 10), (24, 16, 3, 3), {"padding": 1})
STRIDED = Layer((2, 16, 15, 15), (24, 16, 3, 3), {"stride": 2})
POINTWISE = Layer((2, 32, 10, 10), (24, 32, 1, 1), {})
DEPTHWISE = Layer((6, 16, 10, 10), (16, 1, 3, 3), {"padding": 1, "groups": 16})
ONE_DIMENSIONAL = Layer((6, 16, 50), (24, 16, 5), {"padding": 2})


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *_of("2d-forward", WITH_FP64, PLAIN, "forward"),
        *_of("2d-grad-input", DTYPES, PLAIN, "grad-input"),
        *_of("2d-grad-weight", WITH_FP64, PLAIN, "grad-weight"),
        *_of("2d-grad-bias", ("fp32", "bf16"), PLAIN, "grad-bias"),
        *_of("2d-strided-forward", SHORT, STRIDED, "forward"),
        *_of("2d-pointwise-forward", SHORT, POINTWISE, "forward"),
        *_of("2d-depthwise-forward", ("fp32", "bf16"), DEPTHWISE, "forward"),
        *_of("2d-depthwise-grad-weight", ("fp32",), DEPTHWISE, "grad-weight"),
        *_of("1d-forward", SHORT, ONE_DIMENSIONAL, "forward"),
        *_of("1d-grad-weight", SHORT, ONE_DIMENSIONAL, "grad-weight"),
    ]


def _of(operation: str, dtypes: Tuple[str, ...], layer: Layer, wanted: str) -> List[Probe]:
    return in_dtypes(FAMILY, operation, dtypes, functools.partial(_case, layer=layer, wanted=wanted))


def _case(bench: Bench, layer: Layer, wanted: str) -> Case:
    x, weight, gradient = _tensors(bench, layer, wanted)
    call: Callable[..., torch.Tensor] = functional.conv1d if x.dim() == 3 else functional.conv2d
    if wanted == "forward":
        run = functools.partial(call, x, weight, **layer.options)
        return Case(run=allowed(bench, run), scale=summed_scale(weight[0].numel(), SPREAD, SPREAD))
    bias_O = torch.zeros_like(weight[:, 0].flatten(1)[:, 0])
    leaves = [tensor.requires_grad_() for tensor in (x, weight, bias_O)]
    output = call(*leaves, **layer.options)
    position = ("grad-input", "grad-weight", "grad-bias").index(wanted)
    positions = output[:, 0].numel()
    scales = (
        summed_scale(weight[:, 0].numel(), SPREAD, SPREAD),
        summed_scale(positions, SPREAD, SPREAD),
        summed_scale(positions, BIAS_SPREAD),
    )
    return Case(run=allowed(bench, gradients(output, [leaves[position]], gradient)), scale=scales[position])


def _tensors(bench: Bench, layer: Layer, wanted: str) -> List[torch.Tensor]:
    """Return input, weight and gradient of the output, such that what is summed cancels."""
    summed = SUMMED[wanted]
    dims = {"channels-in": (1, 1, None), "channels-out": (None, 0, 1), "batch": (0, None, 0)}[summed]
    signs = (1, 1, -1) if summed == "channels-out" else (1, -1, -1)
    shapes = {"x": layer.x, "weight": layer.weight, "gradient": _output_shape(layer)}
    found = []
    for (name, shape), dim, sign in zip(shapes.items(), dims, signs):
        # The gradient of a bias sums plain numbers, no products, and float32 is not to hold those sums either.
        spread = BIAS_SPREAD if wanted == "grad-bias" else SPREAD
        key = bench.key("convolution", name, shape)
        found.append(_mirrored(key, shape, dim, sign, functools.partial(wide, dtype=bench.dtype, spread=spread)))
    return bench.put(*found)


def _mirrored(
    key: int, shape: Tuple[int, ...], dim: Optional[int], sign: int, numbers: Callable[..., torch.Tensor]
) -> torch.Tensor:
    """Return numbers whose second half along `dim` takes back the first; one channel alone cannot.

    The whole is shuffled then: threads that each sum one half would find results that cancel to the last bit.
    """
    if dim is None or shape[dim] == 1:
        return numbers(key, shape)
    half = tuple(size // 2 if position == dim else size for position, size in enumerate(shape))
    whole = mirrored(numbers(key, half), dim, sign, ORDER_KEY)
    return whole.index_select(dim, hashed_order(ORDER_KEY ^ 8, shape[dim]))


def _output_shape(layer: Layer) -> Tuple[int, ...]:
    padding, stride = layer.options.get("padding", 0), layer.options.get("stride", 1)
    image = tuple((size + 2 * padding - kernel) // stride + 1 for size, kernel in zip(layer.x[2:], layer.weight[2:]))
    return (layer.x[0], layer.weight[0], *image)

"""Interpolation, sampling and pooling of images."""

from __future__ import annotations

import functools
from typing import Callable, Dict, List

import torch
from torch.nn import functional

from .probe import Bench, Case, Probe, gradients, in_dtypes

FAMILY = "spatial"
IMAGE = (2, 6, 23, 19)
SIZE = (37, 41)


def _bilinear(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, SIZE, mode="bilinear", align_corners=False)


def _bicubic(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, SIZE, mode="bicubic", align_corners=False)


def _average_pool(x: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(x, 3, 2, 1)


def _adaptive_pool(x: torch.Tensor) -> torch.Tensor:
    return functional.adaptive_avg_pool2d(x, (5, 4))


FUNCTIONS: Dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "bilinear": _bilinear,
    "bicubic": _bicubic,
    "average-pool": _average_pool,
    "adaptive-average-pool": _adaptive_pool,
}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, function in FUNCTIONS.items():
        found += in_dtypes(
            FAMILY,
            name,
            ("fp32", "bf16") if name == "bilinear" else ("fp32",),
            functools.partial(_forward, call=function),
        )
    found += in_dtypes(FAMILY, "bilinear-backward", ("fp32",), functools.partial(_backward, call=_bilinear))
    found += in_dtypes(FAMILY, "average-pool-backward", ("fp32",), functools.partial(_backward, call=_average_pool))
    found += in_dtypes(FAMILY, "grid-sample", ("fp32",), _grid_sample)
    return found + in_dtypes(FAMILY, "grid-sample-backward", ("fp32",), _grid_sample_backward)


def _forward(bench: Bench, call: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x = bench.wide("image", *IMAGE)
    return Case(run=lambda: call(x), scale=16.0)


def _backward(bench: Bench, call: Callable[[torch.Tensor], torch.Tensor]) -> Case:
    x = bench.leaf("image", *IMAGE)
    output = call(x)
    return Case(run=gradients(output, [x], bench.wide("gradient", *output.shape)), scale=32.0)


def _grid(bench: Bench) -> torch.Tensor:
    """Return positions in the image, most of them; some lie beyond its border."""
    return bench.wide("grid", IMAGE[0], *SIZE, 2, spread=3, centre=-3)


def _grid_sample(bench: Bench) -> Case:
    x, grid = bench.wide("image", *IMAGE), _grid(bench)
    return Case(run=lambda: functional.grid_sample(x, grid, align_corners=False), scale=16.0)


def _grid_sample_backward(bench: Bench) -> Case:
    """The gradients of the image and of the grid; that one is in units of the image times its size."""
    x, grid = bench.leaf("image", *IMAGE), _grid(bench).requires_grad_()
    output = functional.grid_sample(x, grid, align_corners=False)
    run = gradients(output, [x, grid], bench.wide("gradient", *output.shape))
    return Case(run=run, scale=[128.0, 4096.0])

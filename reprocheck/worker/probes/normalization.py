"""Normalizations: forward, gradient of the input, gradient of the weight. Legend: B rows or batch, C channels."""

from __future__ import annotations

import functools
from typing import Callable, List, Tuple

import torch
from torch.nn import functional

from .probe import Bench, Case, Probe, gradients, in_dtypes

FAMILY = "normalization"
ROWS, WIDTH = 64, 320
IMAGE = (6, 16, 9, 9)
GROUPS = 4
EPS = 1e-5
# Normalized numbers times a weight of up to 2; a gradient is divided by the deviation, about 8 for these inputs.
FORWARD_SCALE, GRAD_INPUT_SCALE = 4.0, 2.0


def probes() -> List[Probe]:
    """Return the probes of this family."""
    all_dtypes, main = ("fp64", "fp32", "bf16", "fp16"), ("fp32", "bf16")
    return [
        *_of("layer-forward", all_dtypes, _layer, "forward"),
        *_of("layer-grad-input", main, _layer, "grad-input"),
        *_of("layer-grad-weight", ("fp64", *main), _layer, "grad-weight"),
        *_of("rms-forward", main, _rms, "forward"),
        *_of("rms-grad-weight", main, _rms, "grad-weight"),
        *_of("batch-forward", main, _batch, "forward"),
        *_of("batch-grad-input", ("fp32",), _batch, "grad-input"),
        *_of("batch-grad-weight", main, _batch, "grad-weight"),
        *_of("group-forward", main, _group, "forward"),
        *_of("group-grad-weight", main, _group, "grad-weight"),
    ]


Norm = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _of(
    operation: str, dtypes: Tuple[str, ...], case: Callable[[Bench], Tuple[Norm, List[torch.Tensor]]], wanted: str
) -> List[Probe]:
    return in_dtypes(FAMILY, operation, dtypes, functools.partial(_case, inputs=case, wanted=wanted))


def _case(bench: Bench, inputs: Callable[[Bench], Tuple[Norm, List[torch.Tensor]]], wanted: str) -> Case:
    norm, (x, weight) = inputs(bench)
    if wanted == "forward":
        return Case(run=torch.no_grad()(functools.partial(norm, x, weight)), scale=FORWARD_SCALE)
    output = norm(x, weight)
    run = gradients(output, [x if wanted == "grad-input" else weight], bench.wide("gradient", *x.shape, spread=2))
    # A gradient of the weight sums one product for every row or pixel; its factors are about 2.5 and 1.
    scale = GRAD_INPUT_SCALE if wanted == "grad-input" else float(x.numel() // weight.numel())
    return Case(run=run, scale=scale)


def _layer(bench: Bench) -> Tuple[Norm, List[torch.Tensor]]:
    x_BC, weight_C = _leaves(bench, (ROWS, WIDTH), WIDTH)
    bias_C = bench.wide("bias", WIDTH, spread=1, centre=-4)
    return lambda x, weight: functional.layer_norm(x, (WIDTH,), weight, bias_C, EPS), [x_BC, weight_C]


def _rms(bench: Bench) -> Tuple[Norm, List[torch.Tensor]]:
    x_BC, weight_C = _leaves(bench, (ROWS, WIDTH), WIDTH)
    rms_norm = getattr(functional, "rms_norm", None)
    if rms_norm is None:
        raise NotImplementedError("this torch has no rms_norm")
    return lambda x, weight: rms_norm(x, (WIDTH,), weight, EPS), [x_BC, weight_C]


def _batch(bench: Bench) -> Tuple[Norm, List[torch.Tensor]]:
    leaves = _leaves(bench, IMAGE, IMAGE[1])
    return lambda x, weight: functional.batch_norm(x, None, None, weight, None, True, 0.1, EPS), leaves


def _group(bench: Bench) -> Tuple[Norm, List[torch.Tensor]]:
    leaves = _leaves(bench, IMAGE, IMAGE[1])
    return lambda x, weight: functional.group_norm(x, GROUPS, weight, None, EPS), leaves


def _leaves(bench: Bench, shape: Tuple[int, ...], channels: int) -> List[torch.Tensor]:
    return [bench.leaf("x", *shape), bench.leaf("weight", channels, spread=1, centre=-1)]

"""An LSTM, forward and backward. Legend: T steps, B batch, F features in, H hidden."""

from __future__ import annotations

import functools
from typing import Any, List

import torch

from .probe import Bench, Case, Probe, gradients, in_dtypes
from .tensor_float import allowed

FAMILY = "recurrent"
STEPS, BATCH, FEATURES, HIDDEN = 9, 6, 24, 32


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(
            FAMILY, "lstm-forward", ("fp64", "fp32", "tf32", "bf16"), functools.partial(_lstm, wanted="forward")
        ),
        *in_dtypes(FAMILY, "lstm-grad-input", ("fp32", "tf32"), functools.partial(_lstm, wanted="grad-input")),
        *in_dtypes(FAMILY, "lstm-grad-weight", ("fp32", "tf32"), functools.partial(_lstm, wanted="grad-weight")),
    ]


def _lstm(bench: Bench, wanted: str) -> Case:
    x_TBF = bench.leaf("sequence", STEPS, BATCH, FEATURES, spread=2)
    weights = [
        bench.leaf(name, 4 * HIDDEN, size, spread=2, centre=-4)
        for name, size in (("of input", FEATURES), ("of hidden", HIDDEN))
    ]
    start = [torch.zeros(1, BATCH, HIDDEN, dtype=bench.dtype, device=bench.device) for _ in range(2)]

    def forward() -> torch.Tensor:
        lstm: Any = torch._VF.lstm  # what torch.nn.LSTM calls, without a module that keeps parameters of its own
        output_TBH: torch.Tensor = lstm(x_TBF, start, weights, False, 1, 0.0, wanted != "forward", False, False)[0]
        return output_TBH

    if wanted == "forward":
        return Case(run=allowed(bench, torch.no_grad()(forward)), scale=1.0)
    leaf, scale = (x_TBF, 0.5) if wanted == "grad-input" else (weights[0], 16.0)
    run = gradients(forward(), [leaf], bench.wide("gradient", STEPS, BATCH, HIDDEN, spread=2))
    return Case(run=allowed(bench, run), scale=scale)

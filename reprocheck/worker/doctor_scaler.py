"""Whether the loss scale does its two jobs: a good step is taken unscaled, an overflow skips the step and halves it."""

from __future__ import annotations

from typing import Any, Dict

import torch

from .descent import RATE, Descent
from .precision import Precision, Unsupported
from .readings import unread

FIRST_SCALE = 1024.0


def grad_scaler(kind: str) -> Dict[str, Any]:
    """Return what two steps did on `kind`, one with a gradient of ones, one with an infinite one."""
    device = torch.device(kind)
    weight = torch.ones(4, device=device, requires_grad=True)
    optimizer: Any = Descent(weight)
    try:
        precision = Precision("fp16", FIRST_SCALE, device)
    except Unsupported as error:
        return unread("missing", str(error))
    precision.backward(weight.sum())
    precision.step(optimizer)
    stepped = bool((weight == 1 - RATE).all())
    weight.grad = None
    precision.backward(weight.sum() * float("inf"))
    skipped = precision.step(optimizer)
    return {
        "device": kind,
        "stepped": stepped,
        "skipped": skipped and bool((weight == 1 - RATE).all()),
        "halved": precision.scale() == FIRST_SCALE / 2,
    }

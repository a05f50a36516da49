"""fp32, bf16 autocast, and fp16 autocast with a real loss scale.

The plan sets the first loss scale of fp16 so high that the gradients overflow: the first step is skipped and
the scale halved, which is a path of mixed precision that a run without overflow never shows.
"""

from __future__ import annotations

import contextlib
from typing import Any, ContextManager, Dict

import torch

GROWTH_INTERVAL = 3


class Unsupported(Exception):
    """This torch, on this device, cannot do this precision."""


class Precision:
    """Autocast and loss scaling of one run."""

    def __init__(self, dtype: str, first_scale: float, device: torch.device) -> None:
        self._device = device
        self._autocast = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[dtype]
        self._scaler = _scaler(first_scale, device) if dtype == "fp16" else None

    def cast(self) -> ContextManager[Any]:
        """Return the context in which forward pass and loss are computed."""
        if self._autocast is None:
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, dtype=self._autocast)

    def backward(self, loss: torch.Tensor) -> None:
        """Run the backward pass, of the scaled loss if there is a scale."""
        (self._scaler.scale(loss) if self._scaler else loss).backward()

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Divide the gradients by the loss scale."""
        if self._scaler:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> bool:
        """Step and adapt the scale; return whether the step was skipped for an overflow."""
        if not self._scaler:
            optimizer.step()
            return False
        before = self.scale()
        self._scaler.step(optimizer)
        self._scaler.update()
        return self.scale() < before  # only an overflow lowers the scale

    def state(self) -> Dict[str, Any]:
        """Return what a checkpoint holds of the loss scale; nothing where there is none."""
        return dict(self._scaler.state_dict()) if self._scaler else {}

    def restore(self, state: Dict[str, Any]) -> None:
        """Take over the loss scale of a checkpoint."""
        if self._scaler:
            self._scaler.load_state_dict(state)

    def scale(self) -> float:
        """Return the loss scale, 1 where there is none."""
        return float(self._scaler.get_scale()) if self._scaler else 1.0


def _scaler(first_scale: float, device: torch.device) -> Any:
    if hasattr(torch.amp, "GradScaler"):
        return torch.amp.GradScaler(device.type, init_scale=first_scale, growth_interval=GROWTH_INTERVAL)
    if device.type == "cuda":
        return torch.cuda.amp.GradScaler(init_scale=first_scale, growth_interval=GROWTH_INTERVAL)
    raise Unsupported("torch {} has no GradScaler for the CPU (it came with 2.3)".format(torch.__version__))

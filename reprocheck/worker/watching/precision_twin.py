"""The same program without mixed precision: autocast and GradScaler stay off, whatever the program asks for."""

from __future__ import annotations

import functools
from typing import Any

from .loss_scaling import grad_scaler_class


def switch_off_mixed_precision(torch: Any) -> None:
    """Let every `autocast` and every `GradScaler` that is made from now on be one that is not enabled."""
    for owner in (torch.amp.autocast_mode.autocast, grad_scaler_class(torch)):
        owner.__init__ = _disabled(owner.__init__)


def _disabled(original: Any) -> Any:
    @functools.wraps(original)
    def disabled(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self._enabled = False

    return disabled

"""Gradient descent as small as can be, to put behind a loss scale."""

from __future__ import annotations

import torch

RATE = 0.5


class Descent:
    """What a loss scale needs of an optimizer; the first of torch's own would load its compiler, a second or two."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight
        self.param_groups = [{"params": [weight]}]

    def step(self) -> None:
        """Take one step of gradient descent."""
        with torch.no_grad():
            self.weight.sub_(RATE * self.weight.grad)  # type: ignore[operator]

"""Whether a replay saw anything: an output that is infinite, NaN or zero everywhere is the same on all machines."""

from __future__ import annotations

from typing import Dict, Sequence

import torch

# Gradients of a loss or of an embedding are zero in most places; more than half that overflows was hardly tried.
LEAST_NONZERO, LEAST_FINITE = 1024, 2


class Sight:
    """Watches the outputs of one operation over all performances."""

    def __init__(self) -> None:
        self._seen: Dict[int, bool] = {}
        self._single: Dict[int, bool] = {}

    def see(self, outputs: Sequence[torch.Tensor]) -> None:
        """Look at the outputs of one performance."""
        for index, output in enumerate(outputs):
            if output.is_floating_point() and output.numel():
                kind = self._single if output.numel() == 1 else self._seen
                kind[index] = kind.get(index, False) or _is_telling(output)

    @property
    def is_blind(self) -> bool:
        """Return whether an output of several elements never told anything, or no output of one element did."""
        if self._seen:
            return not all(self._seen.values())
        return bool(self._single) and not any(self._single.values())


def _is_telling(output: torch.Tensor) -> bool:
    plain = output.detach().to(torch.float32)
    is_finite = torch.isfinite(plain)
    nonzero = int((is_finite & (plain != 0)).sum())
    return int(is_finite.sum()) * LEAST_FINITE >= plain.numel() and nonzero * LEAST_NONZERO >= plain.numel()

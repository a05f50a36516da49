"""Marks of the tensors of a step, some of which may be missing, and their norm."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import torch

from ..exact_digests import undisturbed
from .pending_marks import NO_MARK, PendingMarks


class Marks:
    """The marks of `tensors` as they are now; call it for the texts, in order. None has no mark."""

    def __init__(self, names: Sequence[str], tensors: Sequence[Optional[torch.Tensor]], dense: bool) -> None:
        self._count = len(tensors)
        self._places = [place for place, tensor in enumerate(tensors) if tensor is not None]
        there = [tensor for tensor in tensors if tensor is not None]
        self._pending = PendingMarks([names[place] for place in self._places], there, dense)

    def __call__(self) -> List[str]:
        """Return the texts; waits for the device."""
        marks = [NO_MARK] * self._count
        for place, text in zip(self._places, self._pending.texts()):
            marks[place] = text
        return marks


def norm_of(gradients: Sequence[torch.Tensor]) -> Any:
    """Return the norm of all gradients together as a float64 of our own on their device; 0.0 where there is none."""
    if not gradients:
        return 0.0
    with undisturbed():
        parts = [_numbers(gradient) for gradient in gradients]
        kinds: Dict[Any, List[torch.Tensor]] = {}
        for part in parts:
            kinds.setdefault((part.device, part.dtype), []).append(part)
        norms = [norm.to(parts[0].device) for kind in kinds.values() for norm in torch._foreach_norm(kind)]
        return torch.stack([norm.to(torch.float64) for norm in norms]).norm()


def _numbers(gradient: torch.Tensor) -> torch.Tensor:
    """Return what this rank holds of a gradient, of a sparse one the numbers that are there."""
    part = getattr(gradient, "_local_tensor", gradient).detach()
    return part.coalesce().values() if part.layout == torch.sparse_coo else part

"""What happened in this process since the last optimizer step: the hooks write it, the next step reads it."""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

MAX_EVENTS = 512  # a step of a thousand micro-batches need not be spelt out
_WORD = (1 << 64) - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no part is lost; the order of the parts counts


class Ledger:
    """The events, batches, losses, scale, norms and generators of the step that is under way."""

    def __init__(self) -> None:
        self.events = ""
        self.random: Optional[Dict[str, str]] = None
        self.scale: Any = None  # the last loss scale as a tensor of our own
        self._batches: List[Tuple[int, Sequence[Any]]] = []
        self._losses: List[Tuple[Any, Any]] = []
        self._clipped: List[Tuple[FrozenSet[int], Any]] = []

    def note(self, event: str) -> None:
        """Write down one of the letters of events."""
        if len(self.events) < MAX_EVENTS:
            self.events += event

    def add_batch(self, parts: Tuple[int, Sequence[Any]]) -> None:
        """Add the digest of a batch: an integer, and tensors that are to be added to it."""
        self._batches.append(parts)

    def add_loss(self, loss: Any, divisor: Any = None) -> None:
        """Add the value that a backward pass began at, to be divided by the scale in it."""
        self._losses.append((loss, divisor))

    def add_norm(self, parameters: FrozenSet[int], norm: Any) -> None:
        """Add the norm of the gradients of some parameters, by identity, before they were clipped the first time."""
        if not any(parameters & others for others, _norm in self._clipped):
            self._clipped.append((parameters, norm))

    def norms(self, parameters: FrozenSet[int]) -> List[Any]:
        """Return the norms before clipping that concern some of `parameters`, and forget them."""
        taken = [norm for others, norm in self._clipped if others & parameters]
        self._clipped = [(others, norm) for others, norm in self._clipped if not others & parameters]
        return taken

    def begin_next(self) -> None:
        """Forget what the step has taken; norms of other optimizers wait for their step."""
        self.events, self.random, self.scale = "", None, None
        self._batches, self._losses = [], []

    def data(self) -> Callable[[], str]:
        """Return the function that tells the digest of all batches, in order, in 16 hex digits."""
        batches = self._batches
        return lambda: format(_combined(batches), "016x")

    def losses(self) -> Callable[[], List[float]]:
        """Return the function that tells the losses as they were before scaling."""
        losses = self._losses
        return lambda: [float(loss) / (1.0 if divisor is None else float(divisor)) for loss, divisor in losses]


def _combined(batches: Sequence[Tuple[int, Sequence[Any]]]) -> int:
    total = 0
    for here, elsewhere in batches:
        total = (total * _FACTOR + here + sum(map(int, elsewhere)) + 1) & _WORD
    return total

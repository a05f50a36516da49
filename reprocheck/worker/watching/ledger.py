"""What happened in this process since the last optimizer step: the hooks write it, the next step reads it."""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

MAX_LOSSES = 4096  # of a program that never steps
MAX_EVENTS = 512  # a step of a thousand micro-batches need not be spelt out
_WORD = (1 << 64) - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no part is lost; the order of the parts counts


class Ledger:
    """The events, batches, losses, scale, norms and generators of the step that is under way."""

    def __init__(self) -> None:
        self.events = ""
        self.random: Optional[Dict[str, str]] = None
        self.scale: Any = None  # the last loss scale as a tensor of our own
        self.settings: Dict[str, str] = {}  # of the program beside its optimizers, as they were seen last
        self._data = 0
        self._batches: List[Tuple[int, Sequence[Any]]] = []  # from the first one on that a device still computes
        self._losses: List[Tuple[Any, Any]] = []
        self._backward_passes = 0
        self._clipped: List[Tuple[FrozenSet[int], int, Any]] = []

    def note(self, event: str) -> None:
        """Write down one of the letters of events."""
        if len(self.events) < MAX_EVENTS:
            self.events += event

    def add_batch(self, parts: Tuple[int, Sequence[Any]]) -> None:
        """Add the digest of a batch: an integer, and tensors that are to be added to it."""
        if parts[1] or self._batches:
            self._batches.append(parts)
        else:
            self._data = _combined(self._data, [parts])

    def begin_backward(self) -> None:
        """Write down that a backward pass begins."""
        self.note("B")
        self._backward_passes += 1

    def add_loss(self, loss: Any, divisor: Any = None) -> None:
        """Add the value that a backward pass began at, to be divided by the scale in it."""
        if len(self._losses) < MAX_LOSSES:
            self._losses.append((loss, divisor))

    def add_norm(self, parameters: FrozenSet[int], norm: Any) -> None:
        """Add the norm of the gradients of some parameters, by identity, as it is before they are clipped.

        The first norm since the last backward pass counts, whatever clips the same gradients behind it.
        """
        now = self._backward_passes
        if not any(parameters & others and when == now for others, when, _norm in self._clipped):
            kept = [one for one in self._clipped if not one[0] & parameters]
            self._clipped = [*kept, (parameters, now, norm)]

    def norms(self, parameters: FrozenSet[int]) -> List[Any]:
        """Return the norms before clipping that concern some of `parameters`, and forget them."""
        taken = [norm for others, _when, norm in self._clipped if others & parameters]
        self._clipped = [one for one in self._clipped if not one[0] & parameters]
        return taken

    def begin_next(self) -> None:
        """Forget what the step has taken; norms of other optimizers wait for their step."""
        self.events, self.random, self.scale = "", None, None
        self._data, self._batches, self._losses = 0, [], []

    def data(self) -> Callable[[], str]:
        """Return the function that tells the digest of all batches, in order, in 16 hex digits."""
        data, batches = self._data, self._batches
        return lambda: format(_combined(data, batches), "016x")

    def has_losses(self) -> bool:
        """Say whether a backward pass began since the last step."""
        return bool(self._losses)

    def losses(self) -> Callable[[], List[float]]:
        """Return the function that tells the losses as they were before scaling."""
        losses = self._losses
        return lambda: [float(loss) / (1.0 if divisor is None else float(divisor)) for loss, divisor in losses]


def _combined(total: int, batches: Sequence[Tuple[int, Sequence[Any]]]) -> int:
    for here, elsewhere in batches:
        total = (total * _FACTOR + here + sum(map(int, elsewhere)) + 1) & _WORD
    return total

"""GradScaler: the scale of a step, the loss as it was before scaling, and steps that it left out."""

from __future__ import annotations

import weakref
from typing import Any, Callable, List, Optional, Tuple

from .guard import After, Guard
from .ledger import Ledger

MAX_SCALED = 64  # losses that were scaled and not yet used; a program that never uses them must not fill the memory


class Scaling:
    """Hears of the scaling of losses; finds the loss that a scaled one was made of."""

    def __init__(self, guard: Guard, ledger: Ledger) -> None:
        self._guard = guard
        self._ledger = ledger
        self._scaled: List[Tuple["weakref.ref[Any]", Any]] = []

    def install(self, torch: Any, count_steps: Callable[[], int], skip: Callable[[Any], None]) -> None:
        """Let GradScaler tell us; `skip(optimizer)` is called for a step that it left out."""
        scaler = grad_scaler_class(torch)

        def before_step(args: Any, kwargs: Any) -> Optional[After]:
            if not args[0]._enabled:
                return None
            optimizer = args[1] if len(args) > 1 else kwargs["optimizer"]
            self._note_scale(args[0])
            steps = count_steps()
            return lambda _result: skip(optimizer) if count_steps() == steps else None

        self._guard.patch(scaler, "scale", self._before_scale)
        self._guard.patch(scaler, "unscale_", self._before_unscale)
        self._guard.patch(scaler, "step", before_step)

    def unscaled(self, tensor: Any) -> Tuple[Any, Any]:
        """Return the value of the loss and what it is still to be divided by, as tensors of our own."""
        known = [(loss, scaled) for reference, loss in self._scaled for scaled in [reference()] if scaled is tensor]
        self._scaled = [(reference, loss) for reference, loss in self._scaled if reference() not in (None,)]
        if known:
            return known[0][0], None
        scale = self._ledger.scale if self._scaled else None
        return _value(tensor), scale

    def _before_scale(self, args: Any, kwargs: Any) -> Optional[After]:
        if not args[0]._enabled:
            return None
        outputs = args[1] if len(args) > 1 else kwargs["outputs"]

        def after(result: Any) -> None:
            self._note_scale(args[0])
            for loss, scaled in zip(_flat(outputs), _flat(result)):
                self._scaled.append((weakref.ref(scaled), _value(loss)))
            del self._scaled[:-MAX_SCALED]

        return after

    def _before_unscale(self, args: Any, _kwargs: Any) -> Optional[After]:
        if args[0]._enabled:
            self._ledger.note("U")
        return None

    def _note_scale(self, scaler: Any) -> None:
        if scaler._scale is not None:
            self._ledger.scale = scaler._scale.clone()  # it is updated in place


def grad_scaler_class(torch: Any) -> Any:
    """Return the class that all scalers of this torch come from; before 2.3 there was one for CUDA alone."""
    module = getattr(torch.amp, "grad_scaler", None) or torch.cuda.amp.grad_scaler
    return module.GradScaler


def _flat(outputs: Any) -> List[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _value(tensor: Any) -> Any:
    """Return a copy of the number, since a program may reduce its loss over the ranks in place; of many, their sum."""
    value = tensor.detach()
    return value.clone().reshape(()) if value.numel() == 1 else value.sum()

"""Tell each optimizer step: a start line before the first of each optimizer, then one line a step."""

from __future__ import annotations

import math
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from ..sketches import sketch
from .known_program import Buffer, KnownProgram
from .ledger import Ledger
from .line_file import Line, LineFile
from .marks import Marks, norm_of
from .outputs import watch_outputs
from .program_settings import seed_setting, state_setting
from .settings import optimizer_settings
from .start_line import start_line
from .wrappers import Wrappers


class WatchedOptimizer:
    """An optimizer that has stepped, with the tensors of its start line."""

    def __init__(self, number: int, optimizer: Any, named: Sequence[Any], buffers: Sequence[Buffer]) -> None:
        self.number = number
        self.settings: Mapping[str, str] = {}
        self.last: Optional[Marks] = None  # the marks after its last step
        self.names = [name for name, _one in named]
        self.buffers = list(buffers)
        self._optimizer = weakref.ref(optimizer)
        self._parameters = [weakref.ref(one) for _name, one in named]
        self.ids = frozenset(id(one) for _name, one in named)

    def is_for(self, optimizer: Any, parameters: Sequence[Any]) -> bool:
        """Say whether it is this optimizer, with the same parameters as at its first step."""
        return self._optimizer() is optimizer and self.has(parameters)

    def has(self, parameters: Sequence[Any]) -> bool:
        """Say whether these are its parameters."""
        ours = self.parameters()
        return len(ours) == len(parameters) and all(a is b for a, b in zip(ours, parameters))

    def parameters(self) -> List[Any]:
        """Return the parameters, None for one that is gone."""
        return [reference() for reference in self._parameters]

    def all_names(self) -> List[str]:
        """Return the names of parameters and buffers."""
        return self.names + [buffer.name for buffer in self.buffers]

    def tensors(self) -> List[Any]:
        """Return parameters and buffers as they are now."""
        return self.parameters() + [buffer.tensor() for buffer in self.buffers]

    def gradients(self) -> List[Any]:
        """Return the gradients; buffers have none."""
        return [None if one is None else one.grad for one in self.parameters()] + [None] * len(self.buffers)


class Steps:
    """Counts the steps and tells them; `done(step)` is called behind each."""

    def __init__(
        self, torch: Any, job: Mapping[str, Any], lines: LineFile, ledger: Ledger, done: Callable[[int], None]
    ) -> None:
        self.count = 0
        self._torch = torch
        self._dense = frozenset(job.get("dense", ()))
        self._has_sketch = bool(job.get("sketch"))
        self._lines = lines
        self._ledger = ledger
        self._done = done
        self._on_fault: Callable[[Exception], None] = lambda _error: None
        self._optimizers: List[WatchedOptimizer] = []
        self._under_way: Optional[Line] = None
        self._is_late = False
        self._last_losses: Callable[[], List[float]] = list
        self._outputs: Any = None

    def join(self, program: KnownProgram, wrappers: Wrappers, on_fault: Callable[[Exception], None]) -> None:
        """Take what else the lines tell of."""
        self._program = program
        self._wrappers = wrappers
        self._on_fault = on_fault

    def is_dense(self) -> bool:
        """Say whether the step under way has samples and module outputs."""
        return self.count in self._dense

    def begin_forward(self, roots: Sequence[Any]) -> None:
        """Look at the outputs of modules in a dense step; never in a compiled program, whose graphs would change."""
        if self._outputs is None and self.is_dense() and not self._wrappers.has_compiled:
            self._outputs = watch_outputs(self._torch, roots, self._on_fault)

    def before(self, optimizer: Any, has_closure: bool) -> None:
        """Look at the settings and gradients with which a step begins."""
        self._under_way = None
        if self._is_captured(optimizer):
            return
        watched = self._watched(optimizer)
        self._ledger.note("S")
        self._under_way = self._head(watched, optimizer)
        found_inf = getattr(optimizer, "found_inf", None)
        if found_inf is not None:
            found_inf = found_inf.clone()
            self._under_way["skipped"] = lambda: bool(found_inf)
        # A closure makes the gradients within the step; a fused optimizer unscales them there.
        self._is_late = has_closure or getattr(optimizer, "grad_scale", None) is not None
        if not self._is_late:
            self._under_way.update(self._gradients(watched))
        if self.is_dense() and watched.last is not None:
            self._under_way["before"] = _changed_between(watched, watched.last)

    def after(self, optimizer: Any) -> None:
        """Tell the step that has just ended."""
        if self._under_way is not None:
            self._finish(self._watched(optimizer), self._under_way, is_late=self._is_late)

    def skip(self, optimizer: Any) -> None:
        """Tell a step that GradScaler left out."""
        watched = self._watched(optimizer)
        self._finish(watched, {**self._head(watched, optimizer), "skipped": True}, is_late=True)

    def _finish(self, watched: WatchedOptimizer, line: Line, *, is_late: bool) -> None:
        self._under_way = None
        if is_late:
            line.update(self._gradients(watched))
            line["settings"].update(self._learned(watched))
        line["parameters"] = watched.last = Marks(watched.all_names(), watched.tensors(), self.is_dense())
        line.update(self._happened())
        self._lines.put(line, may_wait=_is_elsewhere(watched))
        self._ledger.begin_next()
        self.count += 1
        self._done(line["step"])

    def _watched(self, optimizer: Any) -> WatchedOptimizer:
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        for known in self._optimizers:
            if known.is_for(optimizer, parameters):
                return known
        for known in self._optimizers:
            if known.has(parameters) and self._is_wrapper(optimizer):
                return known
        return self._start(optimizer)

    @staticmethod
    def _is_wrapper(optimizer: Any) -> bool:
        """Say whether an optimizer has its groups from another one."""
        return "param_groups" not in vars(optimizer)

    def _start(self, optimizer: Any) -> WatchedOptimizer:
        if not self._lines.is_begun:
            self._lines.begin()
        number = len(self._optimizers)
        named = self._program.tell(optimizer)
        watched = WatchedOptimizer(number, optimizer, named, [] if number else self._program.buffers)
        self._optimizers.append(watched)
        self._lines.put(
            {
                **start_line(self._torch, self._lines.place, watched.tensors()),
                "optimizer": number,
                "type": type(optimizer).__name__,
                "tensors": _specs(watched),
                "parameters": Marks(watched.all_names(), watched.tensors(), True),
                "modules": [] if number else [list(pair) for pair in self._program.modules],
                "ddp": self._wrappers.ddp,
                "compiled": self._wrappers.has_compiled,
            }
        )
        return watched

    def _head(self, watched: WatchedOptimizer, optimizer: Any) -> Line:
        settings = {**optimizer_settings(optimizer), **self._ledger.settings, **seed_setting(self._torch)}
        if not watched.settings:
            settings.update(state_setting(watched.number, optimizer))
        changed = {name: text for name, text in settings.items() if watched.settings.get(name) != text}
        watched.settings = settings
        rate = optimizer.param_groups[0].get("lr", math.nan)
        rate = rate.clone() if isinstance(rate, self._torch.Tensor) else rate
        return {
            "kind": "step",
            "step": self.count,
            "optimizer": watched.number,
            "skipped": False,
            "settings": changed,
            "learning_rate": lambda: float(rate).hex(),
        }

    def _learned(self, watched: WatchedOptimizer) -> Mapping[str, str]:
        """Return what was set within the step, as a closure sets the bound of clipping."""
        settings = self._ledger.settings
        changed = {name: text for name, text in settings.items() if watched.settings.get(name) != text}
        watched.settings = {**watched.settings, **changed}
        return changed

    def _gradients(self, watched: WatchedOptimizer) -> Dict[str, Any]:
        gradients = watched.gradients()
        names = watched.all_names()
        told: Dict[str, Any] = {"gradients": Marks(names, gradients, self.is_dense())}
        there = [gradient for gradient in gradients if gradient is not None]
        norms = self._ledger.norms(watched.ids) or [norm_of(there)]
        told["gradient_norm"] = lambda: (
            float(norms[0]) if len(norms) == 1 else math.sqrt(sum(float(norm) ** 2 for norm in norms))
        ).hex()
        told["local"] = self._wrappers.local_digest(watched.ids)
        if self._has_sketch:
            told["sketch"] = [
                [] if gradient is None else [number.hex() for number in sketch(name, gradient)]
                for name, gradient in zip(names, gradients)
            ]
        return told

    def _happened(self) -> Dict[str, Any]:
        ledger = self._ledger
        losses, scale = ledger.losses(), ledger.scale
        # Where two optimizers share a backward pass, the loss of the first is that of the second too.
        self._last_losses = sharing = losses if ledger.has_losses() else self._last_losses
        return {
            "data": ledger.data(),
            "loss": lambda: _mean(sharing()).hex(),
            "losses": lambda: [loss.hex() for loss in losses()],
            "loss_scale": lambda: (1.0 if scale is None else float(scale)).hex(),
            "random": ledger.random or {},
            "events": ledger.events,
            "outputs": self._taken_outputs(),
        }

    def _taken_outputs(self) -> List[Any]:
        if self._outputs is None:
            return []
        outputs, self._outputs = self._outputs, None
        try:
            return [list(pair) for pair in outputs.take()]
        finally:
            outputs.remove()

    def _is_captured(self, optimizer: Any) -> bool:
        """Say whether a CUDA graph is being recorded: nothing of ours may be in it."""
        first = next((one for group in optimizer.param_groups for one in group["params"]), None)
        return bool(first is not None and first.is_cuda and self._torch.cuda.is_current_stream_capturing())


def _specs(watched: WatchedOptimizer) -> List[Dict[str, Any]]:
    roles = ["parameter"] * len(watched.names) + ["buffer"] * len(watched.buffers)
    return [
        {"name": name, "dtype": str(tensor.dtype), "shape": list(tensor.shape), "role": role}
        for name, tensor, role in zip(watched.all_names(), watched.tensors(), roles)
    ]


def _changed_between(watched: WatchedOptimizer, last: Marks) -> Callable[[], Dict[str, str]]:
    """Return the function that tells marks of parameters that somebody else changed since the optimizer's last step."""
    now = Marks(watched.names, watched.parameters(), True)

    def told() -> Dict[str, str]:
        pairs = zip(watched.names, now(), last())
        return {name: mark for name, mark, old in pairs if mark.partition(":")[0] != old.partition(":")[0]}

    return told


def _is_elsewhere(watched: WatchedOptimizer) -> bool:
    return any(one is not None and one.device.type != "cpu" for one in watched.parameters())


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else math.nan

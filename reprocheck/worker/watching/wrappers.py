"""What a model is wrapped in: DistributedDataParallel and torch.compile."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

from ..exact_digests import to_hex
from .guard import After, Guard
from .local_gradients import LocalGradients
from .roots import Roots

_PLACES = ("device_ids", "output_device", "process_group", "device_mesh")  # say where, not how


class Wrappers:
    """Hears of wrapped models; keeps the roots the outermost modules, and out of what is compiled."""

    def __init__(self, torch: Any, guard: Guard, roots: Roots) -> None:
        self._torch = torch
        self._guard = guard
        self._roots = roots
        self._local: List[Tuple[FrozenSet[int], LocalGradients]] = []
        self._on_fault = lambda error: guard.end("local gradients", error)
        self.ddp: Optional[Dict[str, str]] = None
        self.has_compiled = False

    def install(self, compiled: Callable[[], None]) -> None:
        """Let DistributedDataParallel and torch.compile tell us; `compiled()` is called behind each compilation."""
        self.compiled = compiled
        torch, patch = self._torch, self._guard.patch
        if torch.distributed.is_available():
            patch(torch.nn.parallel.DistributedDataParallel, "__init__", self._before_ddp)
        if hasattr(torch, "compile"):
            patch(torch, "compile", self._before_compile)

    def local_digest(self, parameters: FrozenSet[int]) -> Callable[[], str]:
        """Return the function that tells a digest of the gradients before they were summed over ranks, or nothing."""
        found = [local.collect() for theirs, local in self._local if theirs & parameters]
        parts = [part for part in found if part is not None]
        return lambda: to_hex(sum(map(int, parts))) if parts else ""

    def _before_ddp(self, args: Any, kwargs: Any) -> Optional[After]:
        signature = inspect.signature(self._torch.nn.parallel.DistributedDataParallel.__init__)

        def after(_result: Any) -> None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            self.ddp = _settings(self._torch, bound.arguments)
            if self._torch.distributed.get_world_size(bound.arguments.get("process_group")) > 1:
                self._watch_local(args[0].module)
            self._roots.replace(args[0].module, args[0])

        return after

    def _watch_local(self, model: Any) -> None:
        named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
        self._local.append(
            (frozenset(id(one) for _name, one in named), LocalGradients(self._torch, named, self._on_fault))
        )

    def _before_compile(self, args: Any, kwargs: Any) -> Optional[After]:
        model = args[0] if args else kwargs.get("model")
        if model is None:
            return None  # it returns a decorator, which comes here again
        self.has_compiled = True
        can_tell = hasattr(getattr(self._torch, "compiler", None), "is_compiling")
        if isinstance(model, self._torch.nn.Module):
            self._roots.release({type(module) for module in model.modules()}, for_good=not can_tell)
        elif not can_tell:
            self._roots.release_all()
        return lambda result: self._after_compile(model, result)

    def _after_compile(self, model: Any, result: Any) -> None:
        self._roots.replace(model, result)
        self.compiled()


def _settings(torch: Any, arguments: Dict[str, Any]) -> Dict[str, str]:
    """Return what DistributedDataParallel was built with, beside the model and its places."""
    plain = (bool, int, float, type(None))
    told = {name: str(value) for name, value in arguments.items() if type(value) in plain and name not in _PLACES}
    group = arguments.get("process_group")
    return {**told, "backend": str(torch.distributed.get_backend(group))}

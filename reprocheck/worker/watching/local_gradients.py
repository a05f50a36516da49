"""The gradients of one rank before they are summed over all ranks: one digest of them, by hooks on the parameters."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Optional, Tuple

from ..digest_plans import signed
from ..exact_digests import digest, to_hex, undisturbed
from ..hashing import key_of


class LocalGradients:
    """Adds up, wrapping, the digests of all gradients that backward passes brought since the last look.

    A hook of a tensor sees its gradient before it is added to `.grad`, and so before DistributedDataParallel, whose
    own hook comes behind that, copies it into a bucket.
    """

    def __init__(
        self,
        torch: Any,
        named_parameters: Iterable[Tuple[str, Any]],
        on_fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._torch = torch
        self._on_fault = on_fault
        self._parts: List[Any] = []
        self._handles = [self._hook(name, tensor) for name, tensor in named_parameters if tensor.requires_grad]

    def collect(self) -> Optional[Any]:
        """Return the sum as () int64 on its device, without waiting for it, and forget it; None if nothing came."""
        parts, self._parts = self._parts, []
        if not parts:
            return None
        with undisturbed():
            home = next((part.device for part in parts if part.device.type != "cpu"), parts[0].device)
            return self._torch.stack([part.to(home, non_blocking=True) for part in parts]).sum()

    def take(self) -> str:
        """Return the sum as 16 hex digits and forget it; empty if nothing came. This waits for the device."""
        total = self.collect()
        return "" if total is None else to_hex(int(total))

    def remove(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _hook(self, name: str, tensor: Any) -> Any:
        weight = signed(key_of("local", name) | 1)

        def see(gradient: Any) -> None:
            try:
                with undisturbed():
                    self._parts.append(digest(gradient) * weight)
            except Exception as error:  # the training must go on
                self.remove()
                self._on_fault(error)

        return tensor.register_hook(see)

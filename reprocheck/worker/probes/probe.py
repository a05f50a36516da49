"""What a probe is: an operation on hashed inputs, in one dtype, on one device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple, Union

import torch

from .. import inputs
from ..bit_digests import Scale
from ..hashing import key_of

DTYPES = {
    **inputs.DTYPES,
    "int64": torch.int64,
    "fp8e4m3": getattr(torch, "float8_e4m3fn", None),
    "fp8e5m2": getattr(torch, "float8_e5m2", None),
}
CPU_AND_CUDA, CPU_ONLY, CUDA_ONLY = ("cpu", "cuda"), ("cpu",), ("cuda",)
Outputs = Union[torch.Tensor, Sequence[torch.Tensor]]
SEED = 20240229


@dataclass(frozen=True)
class Case:
    """What is run, as often as wanted, and the natural scale of its output, or of each (see `bit_digests`).

    `races` marks an operation whose threads are known to race: three runs one after the other agree by luck too often.
    """

    run: Callable[[], Outputs]
    scale: Scale = 1.0
    races: bool = False


@dataclass(frozen=True)
class Bench:
    """Where a case is made: the device, and the name and torch type of the dtype."""

    device: torch.device
    dtype_name: str

    @property
    def dtype(self) -> torch.dtype:
        """Return the type that tensors have; tf32 is a way to multiply float32.

        Raises:
            NotImplementedError: this torch has no such type.
        """
        dtype = DTYPES[self.dtype_name]
        if dtype is None:
            raise NotImplementedError("this torch has no {}".format(self.dtype_name))
        return dtype

    def key(self, *parts: object) -> int:
        """Return the key of an input; the same numbers serve every device and, rounded, every dtype."""
        return key_of("probe", *parts)

    def put(self, *tensors: torch.Tensor) -> List[torch.Tensor]:
        """Return the tensors on the device."""
        return [tensor.to(self.device) for tensor in tensors]

    def wide(
        self, name: str, *shape: int, spread: int = inputs.SPREAD, centre: int = 0, dtype: Optional[torch.dtype] = None
    ) -> torch.Tensor:
        """Return wide numbers on the device (see `inputs.wide`), of the dtype of the bench unless told."""
        numbers = inputs.wide(self.key(name, *shape), shape, dtype or self.dtype, spread, centre)
        return numbers.to(self.device)

    def leaf(self, name: str, *shape: int, spread: int = inputs.SPREAD, centre: int = 0) -> torch.Tensor:
        """Return wide numbers that gradients are taken of."""
        return self.wide(name, *shape, spread=spread, centre=centre).requires_grad_()

    def indices(self, name: str, count: int, bound: int) -> torch.Tensor:
        """Return hashed positions below `bound` on the device."""
        return inputs.hashed_indices(self.key(name, count, bound), count, bound).to(self.device)

    def generator(self) -> torch.Generator:
        """Return a generator of the device, seeded."""
        return torch.Generator(device=self.device).manual_seed(SEED)

    @contextlib.contextmanager
    def seeded(self) -> Iterator[None]:
        """Seed the generators of torch inside; outside, they are as they were."""
        devices = [torch.cuda.current_device()] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(SEED)
            yield


@dataclass(frozen=True)
class Probe:
    """One probe; `make` builds its case and is part of no time that is told."""

    family: str
    operation: str
    dtype: str
    make: Callable[[Bench], Case]
    devices: Sequence[str] = CPU_AND_CUDA

    @property
    def name(self) -> str:
        """Return `family/operation/dtype`, unique in the registry."""
        return "{}/{}/{}".format(self.family, self.operation, self.dtype)


def in_dtypes(
    family: str,
    operation: str,
    dtypes: Sequence[str],
    make: Callable[[Bench], Case],
    devices: Sequence[str] = CPU_AND_CUDA,
) -> List[Probe]:
    """Return the probe in each of the dtypes; tf32 is one of CUDA only."""
    return [
        Probe(family, operation, dtype, make, CUDA_ONLY if dtype == "tf32" and "cuda" in devices else devices)
        for dtype in dtypes
    ]


def gradients(
    output: torch.Tensor, wanted: Sequence[torch.Tensor], gradient: torch.Tensor
) -> Callable[[], Tuple[torch.Tensor, ...]]:
    """Return a run of the backward pass alone: the gradients of `wanted`, from `gradient` at `output`.

    `gradient` comes in through a product and a sum, whose own backward passes are exact: given to
    `torch.autograd.grad` it would load torch's symbolic shapes, half a second of imports or more.
    """
    pulled = (output * gradient).sum()
    return lambda: torch.autograd.grad(pulled, list(wanted), retain_graph=True)


def as_list(outputs: Any) -> List[torch.Tensor]:
    """Return the outputs of a case as a list."""
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)

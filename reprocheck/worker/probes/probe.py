"""What a probe is: an operation on hashed inputs, in one dtype, on one device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, List, Sequence, Union

import torch

from ..hashing import key_of

DTYPES = {
    "fp64": torch.float64,
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
Outputs = Union[torch.Tensor, Sequence[torch.Tensor]]


@dataclass(frozen=True)
class Case:
    """What is run, as often as wanted, and the natural scale of its output (see `bit_digests`)."""

    run: Callable[[], Outputs]
    scale: float = 1.0


@dataclass(frozen=True)
class Bench:
    """Where a case is made: the device, and the name and torch type of the dtype."""

    device: torch.device
    dtype_name: str

    @property
    def dtype(self) -> torch.dtype:
        """Return the type that tensors have; tf32 is a way to multiply float32."""
        return DTYPES[self.dtype_name]

    def key(self, *parts: object) -> int:
        """Return the key of an input; it does not depend on the device, so that devices get the same numbers."""
        return key_of("probe", *parts, self.dtype_name)

    def put(self, *tensors: torch.Tensor) -> List[torch.Tensor]:
        """Return the tensors on the device."""
        return [tensor.to(self.device) for tensor in tensors]


@dataclass(frozen=True)
class Probe:
    """One probe; `make` builds its case and is part of no time that is told."""

    family: str
    operation: str
    dtype: str
    make: Callable[[Bench], Case]
    devices: Sequence[str] = ("cpu", "cuda")

    @property
    def name(self) -> str:
        """Return `family/operation/dtype`, unique in the registry."""
        return "{}/{}/{}".format(self.family, self.operation, self.dtype)


def in_dtypes(family: str, operation: str, dtypes: Sequence[str], make: Callable[[Bench], Case]) -> List[Probe]:
    """Return the probe in each of the dtypes."""
    return [Probe(family, operation, dtype, make) for dtype in dtypes]


def as_list(outputs: Any) -> List[torch.Tensor]:
    """Return the outputs of a case as a list."""
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)

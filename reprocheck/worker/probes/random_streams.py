"""Random streams: of the CPU (Mersenne Twister) or of CUDA (Philox), and what is made of them.

CUDA gives each thread a stream of its own, and has more threads on a larger GPU: beyond as many numbers as one launch
has threads the streams of two models differ (pytorch#194676). Those probes keep the end of a long tensor.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List

import torch
from torch.nn import functional, init

from .probe import CUDA_ONLY, Bench, Case, Probe, in_dtypes

FAMILY = "random"
SMALL, LARGE = 15, 2000  # from 16 numbers on the CPU makes normal ones by vectors
BEYOND_ONE_LAUNCH, END = 1 << 23, 1 << 15
MATRIX = (40, 30)
Fill = Callable[[torch.Tensor, torch.Generator], Any]


def _bernoulli(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x.bernoulli_(0.3, generator=generator)


FLOATS: Dict[str, Fill] = {
    "uniform": lambda x, generator: x.uniform_(generator=generator),
    "normal": lambda x, generator: x.normal_(generator=generator),
    "exponential": lambda x, generator: x.exponential_(generator=generator),
    "bernoulli": _bernoulli,
}
INITIALIZERS: Dict[str, Callable[[torch.Tensor], Any]] = {
    "init-kaiming-uniform": lambda weight: init.kaiming_uniform_(weight, a=5**0.5),
    "init-xavier-normal": init.xavier_normal_,
    "init-truncated-normal": lambda weight: init.trunc_normal_(weight, std=0.02),
    "init-orthogonal": init.orthogonal_,
}


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name in FLOATS:
        dtypes = ("fp32", "bf16") if name == "normal" else ("fp32",)
        found += in_dtypes(FAMILY, name, dtypes, functools.partial(_floats, name=name, count=LARGE))
    found += in_dtypes(FAMILY, "normal-small", ("fp32",), functools.partial(_floats, name="normal", count=SMALL))
    for name in INITIALIZERS:
        found += in_dtypes(FAMILY, name, ("fp32",), functools.partial(_initializer, name=name))
    found += in_dtypes(FAMILY, "dropout", ("fp32",), _dropout)
    found += in_dtypes(FAMILY, "permutation", ("int64",), _permutation)
    found += in_dtypes(FAMILY, "integers", ("int64",), _integers)
    found += in_dtypes(FAMILY, "multinomial", ("int64",), _multinomial)
    for name in ("uniform", "normal"):
        beyond = functools.partial(_floats, name=name, count=BEYOND_ONE_LAUNCH)
        found += in_dtypes(FAMILY, name + "-beyond-one-launch", ("fp32",), beyond, CUDA_ONLY)
    return found + in_dtypes(FAMILY, "dropout-beyond-one-launch", ("fp32",), _long_dropout, CUDA_ONLY)


def _floats(bench: Bench, name: str, count: int) -> Case:
    def run() -> torch.Tensor:
        numbers_N = torch.empty(count, dtype=bench.dtype, device=bench.device)
        FLOATS[name](numbers_N, bench.generator())
        return numbers_N[-END:]

    return Case(run=run, scale=1.0)


def _initializer(bench: Bench, name: str) -> Case:
    def run() -> torch.Tensor:
        weight = torch.empty(MATRIX, dtype=bench.dtype, device=bench.device)
        with bench.seeded():
            INITIALIZERS[name](weight)
        return weight

    # An orthogonal matrix is factored out of normal numbers, and has what noise that amplifies.
    return Case(run=run, scale=0.5 if name == "init-orthogonal" else 0.125)


def _dropout(bench: Bench) -> Case:
    return _dropped(bench, bench.wide("dropout", LARGE))


def _long_dropout(bench: Bench) -> Case:
    return _dropped(bench, torch.ones(BEYOND_ONE_LAUNCH, dtype=bench.dtype, device=bench.device))


def _dropped(bench: Bench, x_N: torch.Tensor) -> Case:
    def run() -> torch.Tensor:
        with bench.seeded():
            return functional.dropout(x_N, 0.3)[-END:]

    return Case(run=run, scale=8.0)


def _permutation(bench: Bench) -> Case:
    def run() -> torch.Tensor:
        return torch.randperm(LARGE, generator=bench.generator(), device=bench.device)

    return Case(run=run, scale=float(LARGE))


def _integers(bench: Bench) -> Case:
    def run() -> torch.Tensor:
        return torch.randint(1 << 20, (LARGE,), generator=bench.generator(), device=bench.device)

    return Case(run=run, scale=2.0**20)


def _multinomial(bench: Bench) -> Case:
    """With replacement, from 64 weights that float32 sums exactly."""
    weights_N = (1 + bench.indices("weights", 64, 1000)).to(torch.float32)

    def run() -> torch.Tensor:
        return torch.multinomial(weights_N, LARGE, replacement=True, generator=bench.generator())

    return Case(run=run, scale=64.0)

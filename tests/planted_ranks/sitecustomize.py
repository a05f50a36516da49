"""Plant an oddity in one rank of a job: Python runs this file at its start where the folder is on `PYTHONPATH`.

`PLANT=KIND:RANK`, with KIND one of
* `isa`: ATen takes its plain loops, as on a processor without vector instructions;
* `bit`: every matrix product has one bit of its first element flipped, always the same;
* `flicker`: the same, in every other product only, as a device that is going bad;
* `kill`, `hang`, `segv`: the process that computes dies, waits or crashes in the first matrix product;
* `kill-rank`, `stop-rank`: the rank itself is killed or stopped, not only what computes in it.
Reprocheck knows nothing of this file: to it the rank is what it seems.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from types import ModuleType
from typing import Any

SIGNALS = {
    "segv": signal.SIGSEGV,
    "kill": signal.SIGKILL,
    "kill-rank": signal.SIGKILL,
    "stop-rank": signal.SIGSTOP,
}


def flip_lowest_bit(torch: Any, product: Any) -> Any:
    words = product.view({8: torch.int64, 4: torch.int32, 2: torch.int16}[product.element_size()]).view(-1)
    words[0] ^= 1
    return product


def corrupted(torch: Any, kind: str) -> Any:
    """Return a matrix product that is wrong in the way of `kind`."""
    right = torch.Tensor.__matmul__
    calls = [0]

    def multiply(left: Any, other: Any) -> Any:
        calls[0] += 1
        if kind == "hang":
            time.sleep(600)
        if kind in SIGNALS:
            os.kill(os.getppid() if kind.endswith("-rank") else os.getpid(), SIGNALS[kind])
            time.sleep(600)
        product = right(left, other)
        return product if kind == "flicker" and calls[0] % 2 else flip_lowest_bit(torch, product)

    return multiply


class PlantedLoader(importlib.abc.Loader):
    def __init__(self, loader: Any, kind: str) -> None:
        self.loader, self.kind = loader, kind

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        torch: Any = module
        torch.Tensor.__matmul__ = corrupted(torch, self.kind)


class PlantedFinder(importlib.abc.MetaPathFinder):
    def __init__(self, kind: str) -> None:
        self.kind = kind

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = PlantedLoader(spec.loader, self.kind)
        return spec


def plant() -> None:
    kind, _, rank = os.environ.get("PLANT", "").partition(":")
    if not kind or os.environ.get("RANK") != rank:
        return
    if kind == "isa":
        os.environ["ATEN_CPU_CAPABILITY"] = "default"
    else:
        sys.meta_path.insert(0, PlantedFinder(kind))


plant()

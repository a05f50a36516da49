"""Wheels of NVIDIA that put the files of two CUDA majors into one folder, and what the wheel of torch adds to them.

Source: rpath list in pytorch/pytorch .ci/manywheel/build_cuda.sh; marin-community/marin#6947; METADATA of torch.
"""

from __future__ import annotations

from collections.abc import Iterable

from reprocheck.facts.nvidia_wheels import SHARED, library_of
from reprocheck.facts.torch_requires import required_by_torch
from reprocheck.facts.torch_wheels import has_pypi_cuda
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_carriers import CONDA_LIBTORCHES
from reprocheck.rules.declarations import standing_on
from reprocheck.rules.declared_cuda import has_other_index

Pairs = tuple[tuple[str, tuple[str, ...]], ...]


def declared_pairs(environment: EnvironmentFile, platform: str) -> Pairs:
    """Return (library, wheel names) where wheels of two majors are declared, or come with the torch line."""
    names = [item.name for item in standing_on(platform, environment.pip, environment) if item.name]
    shared = [name for name in names if library_of(name) in SHARED]
    return _pairs((*shared, *(_of_torch(environment, platform) if shared else ())))


def locked_pairs(lock: Lock, platform: str) -> Pairs:
    """Return (library, wheel names) where a lock holds wheels of two majors."""
    return _pairs(item.name for item in lock.on(platform, "pip") if library_of(item.name) in SHARED)


def _of_torch(environment: EnvironmentFile, platform: str) -> tuple[str, ...]:
    if any(map(environment.conda_named, CONDA_LIBTORCHES)) or has_other_index(environment):
        return ()
    lines = standing_on(platform, (item for item in environment.pip if item.name == "torch"), environment)
    pins = [pin_of(item.specifier) for item in lines]
    known = [pin.version for pin in pins if pin and "+" not in pin.version and has_pypi_cuda(pin.version, platform)]
    return tuple(name for version in known for name in required_by_torch(version))


def _pairs(names: Iterable[str]) -> Pairs:
    found: dict[str, set[str]] = {}
    for name in names:
        library = library_of(name)
        if library in SHARED and library != name.removeprefix("nvidia-"):
            found.setdefault(library or "", set()).add(name)
    return tuple((library, tuple(sorted(wheels))) for library, wheels in sorted(found.items()) if len(wheels) > 1)

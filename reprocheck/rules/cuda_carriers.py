"""Packages whose name or extra says for which CUDA they were built, and those that bring a whole CUDA runtime.

Source: facts/nvidia_wheels.py; METADATA of jax, tensorflow and the torch wheels on PyPI, read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import Numbers, from_tag, numbers
from reprocheck.facts.nvidia_wheels import SHARED, library_cuda, library_of, suffix_cuda
from reprocheck.facts.torch_wheels import has_pypi_cuda
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_claims import FRAMEWORKS, CudaClaim, claim, label_in
from reprocheck.rules.declarations import package_of, standing_on, written
from reprocheck.rules.declared_cuda import declared_claims, has_other_index
from reprocheck.rules.locked_cuda import framework_flavour, locked_claims, reference
from reprocheck.rules.torch_pins import CONDA_TORCHES

CONDA_LIBTORCHES: Final = (*CONDA_TORCHES, "libtorch")
# conda packages that install libcudart, whatever else they bring.
_RUNTIMES: Final = (
    *("cudatoolkit", "cudatoolkit-dev", "cuda-cudart", "cuda-toolkit", "cuda-runtime", "cuda-libraries", "cuda"),
    *("pytorch-cuda", "pytorch-gpu", "tensorflow-gpu", "cupy", "libcublas"),
)
# They need torch, in conda as in pip: where conda has none of them, pip brings a torch.
_NEED_TORCH: Final = ("torchvision", "torchaudio", "pytorch-lightning", "lightning", "xformers", "vllm", "accelerate")
_WITH_RUNTIME_EXTRAS: Final = ("jax", "jaxlib", "tensorflow")
_EXTRA: Final = r"cuda-?(?P<digits>\d{2,3})x?(?:$|-)"  # compiled on use: few lines have such extras
_JAX_PLUGIN: Final = "jax-cuda"
_LAST_TENSORFLOW = (2, 21)  # of the releases whose extra `and-cuda` was read; all of them from 2.15 on are for CUDA 12
_FIRST_TENSORFLOW_12 = (2, 15)


def declared_carriers(environment: EnvironmentFile, platform: str) -> tuple[CudaClaim, ...]:
    """Return what both parts of an environment file say about CUDA: its claims, then what names of pip lines tell."""
    pip = (item for item in standing_on(platform, environment.pip, environment) if item.name)
    claims = declared_claims(environment, platform)
    told = {item.location for item in claims}
    named = (found for item in pip if item.location not in told for found in _of_line(item))
    return (*claims, *(named if not platform.startswith("osx-") else ()))


def locked_carriers(lock: Lock, platform: str) -> tuple[CudaClaim, ...]:
    """Return what the packages of a lock say about CUDA: the claims, then what names of wheels tell."""
    claims = locked_claims(lock, platform)
    told = {item.package.name for item in claims}
    pip = (package for package in lock.on(platform, "pip") if "cu" in package.name and package.name not in told)
    return (*claims, *(found for package in pip for found in _of_wheel(lock, package)))


def _of_line(item: PipRequirement) -> Iterator[CudaClaim]:
    name, pin = item.name or "", pin_of(item.specifier)
    cuda = _by_name(name, pin.version if pin else "") or _by_extra(item)
    if cuda:
        yield claim("name", cuda, f"name `{written(item)}`", package_of(item), item.location)


def _of_wheel(lock: Lock, package: LockedPackage) -> Iterator[CudaClaim]:
    cuda = _by_name(package.name, package.version)
    if cuda:
        said = f"name `{package.name} {package.version}`"
        yield claim("name", cuda, said, reference(package), lock.location_of(package))


def _by_name(name: str, version: str) -> Numbers | None:
    if name.startswith(_JAX_PLUGIN):
        major = name.removeprefix(_JAX_PLUGIN).partition("-")[0]
        return (int(major),) if major.isdigit() else None
    return library_cuda(name, version) if library_of(name) else suffix_cuda(name)


def _by_extra(item: PipRequirement) -> Numbers | None:
    extras = (re.match(_EXTRA, extra) for extra in item.extras)
    found = next((found for found in extras if found), None)
    if found:
        return from_tag(found["digits"])
    if item.name != "tensorflow" or "and-cuda" not in item.extras:
        return None
    pin = pin_of(item.specifier)
    release = numbers(pin.version)[:2] if pin else _LAST_TENSORFLOW
    return (12,) if _FIRST_TENSORFLOW_12 <= release <= _LAST_TENSORFLOW else None


def declared_conda_stack(environment: EnvironmentFile, platform: str) -> tuple[CondaSpec, ...]:
    """Return the conda specs that install a CUDA runtime for sure: the toolkit by name, or a build with CUDA."""
    specs = standing_on(platform, environment.conda, environment)
    return tuple(spec for spec in specs if spec.name in _RUNTIMES or _is_cuda_build(spec))


def _is_cuda_build(spec: CondaSpec) -> bool:
    flavour = flavour_of_pin(spec.build) if spec.build and spec.name in FRAMEWORKS else None
    return flavour is not None and flavour.cuda is not None


def declared_pip_stack(environment: EnvironmentFile, platform: str) -> tuple[PipRequirement, ...]:
    """Return the pip lines that install a CUDA runtime of their own: torch with CUDA, NVIDIA's wheels, some extras."""
    lines = [item for item in standing_on(platform, environment.pip, environment) if item.name]
    brought = any(map(environment.conda_named, (*CONDA_LIBTORCHES, *_NEED_TORCH)))
    torch_is_told = brought or any(item.name == "torch" for item in lines)
    return tuple(item for item in lines if _brings_cuda(environment, item, platform, torch_is_told=torch_is_told))


def _brings_cuda(environment: EnvironmentFile, item: PipRequirement, platform: str, *, torch_is_told: bool) -> bool:
    if item.name == "torch":
        return _torch_brings_cuda(environment, item, platform)
    if item.name in _NEED_TORCH and not torch_is_told:
        return platform == "linux-64" and not has_other_index(environment) and "+cpu" not in item.specifier
    by_extra = item.name in _WITH_RUNTIME_EXTRAS and "local" not in "".join(item.extras)
    return _brings_runtime(item.name or "") or (by_extra and _by_extra(item) is not None)


def _torch_brings_cuda(environment: EnvironmentFile, item: PipRequirement, platform: str) -> bool:
    if label_in(item.specifier) or label_in(item.text):
        return True
    if "+" in item.specifier or item.kind != "requirement" or has_other_index(environment):
        return any(found.location == item.location for found in declared_claims(environment, platform))
    pin = pin_of(item.specifier)
    return has_pypi_cuda(pin.version if pin else "0", platform)


def locked_conda_stack(lock: Lock, platform: str) -> tuple[LockedPackage, ...]:
    """Return the locked conda packages that are a CUDA runtime, or a framework built with CUDA."""
    found = lock.named(platform, "cudatoolkit", "cuda-cudart", *FRAMEWORKS)
    return tuple(item for item in found if item.manager == "conda" and _is_cuda_package(item))


def _is_cuda_package(package: LockedPackage) -> bool:
    flavour = framework_flavour(package)
    return package.name not in FRAMEWORKS or (flavour is not None and flavour.cuda is not None)


def locked_pip_stack(lock: Lock, platform: str) -> tuple[LockedPackage, ...]:
    """Return the locked wheels that are a CUDA runtime or bring one."""
    claims = locked_claims(lock, platform)
    told = {item.package.name for item in claims if item.package.manager == "pip" and item.kind in ("label", "wheel")}
    return tuple(item for item in lock.on(platform, "pip") if item.name in told or _brings_runtime(item.name))


def _brings_runtime(name: str) -> bool:
    """Say whether a wheel is one of NVIDIA's CUDA libraries; cuDNN and its like come without a runtime."""
    return name == "cuda-toolkit" or library_of(name) not in (None, *SHARED)

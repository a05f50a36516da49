"""The libraries of NVIDIA beside a torch or jax of pip: wheels of exact versions, and conda's cuDNN and NCCL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from reprocheck.facts.nvidia_wheels import library_of
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_carriers import CONDA_LIBTORCHES
from reprocheck.rules.cuda_claims import FRAMEWORKS
from reprocheck.rules.declarations import Declaration, package_of, standing_on, written
from reprocheck.rules.declared_cuda import has_other_index
from reprocheck.rules.locked_cuda import reference

# Frameworks, and what else of pip loads the cuDNN or NCCL that conda installed.
_USERS: Final = frozenset({"tensorflow", "tensorflow-gpu", "jaxlib", "onnxruntime-gpu", "paddlepaddle-gpu", "mxnet"})
_FRAMEWORK_WHEELS: Final = ("torch", "jaxlib")
_OF_CONDA: Final = ("cudnn", "nccl")


class Library(NamedTuple):
    """One package with its exact version, empty where conda may choose; `said` names it."""

    name: str
    version: str
    said: str
    package: PackageRef
    location: Location


class Shelf(NamedTuple):
    """What one platform holds: wheels by name, and conda's libraries where no other framework uses them.

    `from_pypi` is False where pip is sent to another index, whose wheels carry a label.
    """

    wheels: Mapping[str, Library]
    of_conda: tuple[Library, ...]
    from_pypi: bool


def declared_shelf(environment: EnvironmentFile, platform: str) -> Shelf:
    """Return the pinned wheels and conda's libraries that an environment file asks for."""
    pip = standing_on(platform, environment.pip, environment)
    conda = standing_on(platform, environment.conda, environment)
    pins = [(item, pin_of(item.specifier)) for item in pip if item.kind == "requirement" and _counts(item.name or "")]
    used = any(spec.name in (*CONDA_LIBTORCHES, *FRAMEWORKS) for spec in conda) or any(i.name in _USERS for i in pip)
    beside = [] if used else [(spec, pin_of(spec.version)) for spec in conda if spec.name in _OF_CONDA]
    wheels = [_asked(item, pin.version) for item, pin in pins if pin and pin.exact]
    return Shelf(
        wheels={wheel.name: wheel for wheel in wheels},
        of_conda=tuple(_asked(spec, pin.version if pin else "") for spec, pin in beside),
        from_pypi=not has_other_index(environment),
    )


def locked_shelf(lock: Lock, platform: str) -> Shelf:
    """Return the wheels and conda's libraries of a lock; empty where pip brings no framework."""
    frameworks = lock.named(platform, *_FRAMEWORK_WHEELS)
    if not any(package.manager == "pip" for package in frameworks):
        return Shelf({}, (), from_pypi=True)
    wheels = [_held(lock, package) for package in lock.on(platform, "pip") if _counts(package.name)]
    users = lock.named(platform, *CONDA_LIBTORCHES, *FRAMEWORKS, *sorted(_USERS))
    beside = [package for package in lock.named(platform, *_OF_CONDA) if package.manager == "conda" and not users]
    # What an installed torch says itself tells whether it is the wheel of PyPI, which asks for these libraries.
    asking = {name for one in frameworks for name, _ in one.dependencies}
    from_pypi = not lock.records or any(map(library_of, asking))
    return Shelf({one.name: one for one in wheels}, tuple(_held(lock, one) for one in beside), from_pypi)


def _counts(name: str) -> bool:
    return name in _FRAMEWORK_WHEELS or library_of(name) is not None


def _asked(entry: Declaration, version: str) -> Library:
    return Library(entry.name or "", version, written(entry), package_of(entry), entry.location)


def _held(lock: Lock, package: LockedPackage) -> Library:
    said = f"{package.name} {package.version}"
    return Library(package.name, package.version, said, reference(package), lock.location_of(package))

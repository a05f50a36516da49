"""What the packages of a lock say about CUDA on one platform."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.conda_builds import Flavour, flavour_of_build
from reprocheck.facts.cuda_versions import numbers
from reprocheck.facts.torch_wheels import has_pypi_cuda, pypi_cuda
from reprocheck.model.findings import PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.cuda_claims import FRAMEWORKS, RUNTIME_WHEEL, SELECTORS, CudaClaim, claim, in_order, label_in


def locked_claims(lock: Lock, platform: str) -> tuple[CudaClaim, ...]:
    """Return the claims, the one to believe first; empty where no CUDA will run."""
    packages = lock.on(platform)
    claims = in_order(found for package in packages for found in _claims(lock, package))
    if all(found.kind in SELECTORS for found in claims) and any(is_cpu_build(package) for package in packages):
        return ()  # beside a CPU build and without a runtime library, a selector steers nothing
    return claims


def is_cpu_build(package: LockedPackage) -> bool:
    """Say whether a package is a framework built without CUDA where builds with CUDA exist."""
    if package.manager == "conda":
        flavour = framework_flavour(package)
        return flavour is not None and flavour.cuda is None
    if package.name != "torch" or label_in(package.version):
        return False
    return "+cpu" in package.version or not has_pypi_cuda(package.version, package.platform)


def framework_flavour(package: LockedPackage) -> Flavour | None:
    """Return the flavour of a conda framework package, None for others and where the build string tells none."""
    if package.manager != "conda" or package.name not in FRAMEWORKS or not package.build:
        return None
    return flavour_of_build(package.build)


def reference(package: LockedPackage) -> PackageRef:
    """Return a locked package as findings name it."""
    return PackageRef(manager=package.manager, name=package.name, version=package.version, platform=package.platform)


def _claims(lock: Lock, package: LockedPackage) -> Iterator[CudaClaim]:
    yield from _pip_claims(lock, package) if package.manager == "pip" else _conda_claims(lock, package)


def _conda_claims(lock: Lock, package: LockedPackage) -> Iterator[CudaClaim]:
    shown, place = f"`{package.name} {package.version}`", lock.location_of(package)
    flavour, version = framework_flavour(package), numbers(package.version)[:2]
    if flavour and flavour.cuda:
        yield claim("build", flavour.cuda, f"build string `{package.build}` of {shown}", reference(package), place)
    elif package.name == "cuda-cudart" and version:
        yield claim("runtime", version, f"runtime {shown}", reference(package), place)
    elif package.name in SELECTORS and version:
        yield claim(SELECTORS[package.name], version, f"selector {shown}", reference(package), place)


def _pip_claims(lock: Lock, package: LockedPackage) -> Iterator[CudaClaim]:
    shown, place = f"`{package.name} {package.version}`", lock.location_of(package)
    label, version = label_in(package.version), numbers(package.version)[:2]
    default = pypi_cuda(package.version, package.platform) if "+" not in package.version else None
    if RUNTIME_WHEEL.match(package.name) and version:
        yield claim("runtime", version, f"runtime {shown}", reference(package), place)
    elif package.name == "torch" and label:
        yield claim("label", label, f"label of {shown}", reference(package), place)
    elif package.name == "torch" and default:
        yield claim("wheel", default, f"unlabelled PyPI wheel {shown}", reference(package), place)

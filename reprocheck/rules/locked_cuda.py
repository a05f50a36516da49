"""What the packages of a lock say about CUDA on one platform."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.conda_builds import Flavour, flavour_of_build
from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.torch_wheels import has_pypi_cuda, is_newer_than_known, pypi_cuda
from reprocheck.model.findings import PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.cuda_claims import (
    FRAMEWORKS,
    RUNTIME_WHEELS,
    SELECTORS,
    CudaClaim,
    Kind,
    claim,
    in_order,
    jax_label_in,
    label_in,
)

_TELLING = tuple(sorted({*FRAMEWORKS, *SELECTORS, *RUNTIME_WHEELS, "cuda-cudart", "torch"}))


def locked_claims(lock: Lock, platform: str) -> tuple[CudaClaim, ...]:
    """Return the claims, the one to believe first; empty where no CUDA will run."""
    packages = lock.named(platform, *_TELLING)
    frameworks = any(package.manager == "conda" and package.name in FRAMEWORKS for package in packages)
    found = [item for package in packages for item in _claims(lock, package)]
    claims = in_order(found, torch_is_from_pip=not frameworks)
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
    if package.cuda is not None:
        return package.cuda == ""
    if "+" in package.version:
        return "+cpu" in package.version  # other labels say who built it, not for what
    return not (has_pypi_cuda(package.version, package.platform) or is_newer_than_known(package.version))


def is_another_build(torch: LockedPackage) -> bool:
    """Say whether an installed torch is neither PyTorch's nor PyPI's wheel: what it holds only its builder knows."""
    if torch.cuda is None or torch.manager != "pip":
        return False
    if "+" in torch.version:
        return not label_in(torch.version) and "+cpu" not in torch.version
    return numbers(torch.cuda)[:2] != (pypi_cuda(torch.version, torch.platform) or ())


def framework_flavour(package: LockedPackage) -> Flavour | None:
    """Return the flavour of a conda framework package, None for others and where the build string tells none."""
    if package.manager != "conda" or package.name not in FRAMEWORKS or not package.build:
        return None
    return flavour_of_build(package.build)


def locked_torch(lock: Lock, platform: str) -> LockedPackage | None:
    """Return the torch that Python imports: pip's, which comes last, else conda's."""
    return next(iter(lock.named(platform, "torch", "pytorch")), None)


def reference(package: LockedPackage) -> PackageRef:
    """Return a locked package as findings name it."""
    return PackageRef(manager=package.manager, name=package.name, version=package.version, platform=package.platform)


def _claims(lock: Lock, package: LockedPackage) -> Iterator[CudaClaim]:
    found = _conda_source(package) if package.manager == "conda" else _pip_source(package)
    if found:
        kind, cuda, source = found
        shown = f"{source} `{package.name} {package.version}`"
        yield claim(kind, cuda, shown, reference(package), lock.location_of(package))


def _conda_source(package: LockedPackage) -> tuple[Kind, Numbers, str] | None:
    flavour, version = framework_flavour(package), numbers(package.version)[:2]
    if flavour and flavour.cuda:
        return "build", flavour.cuda, f"build string `{package.build}` of"
    if package.name == "cuda-cudart" and version:
        return "runtime", version, "runtime"
    return (SELECTORS[package.name], version, "selector") if package.name in SELECTORS and version else None


def _pip_source(package: LockedPackage) -> tuple[Kind, Numbers, str] | None:
    if package.name in RUNTIME_WHEELS:
        return "runtime", numbers(package.version)[:2], "runtime"
    if package.name not in ("torch", "jaxlib"):
        return None
    if package.cuda is not None:
        return ("label", numbers(package.cuda)[:2], "`torch/version.py` of") if package.cuda else None
    label = label_in(package.version) if package.name == "torch" else jax_label_in(package.version)
    if label or "+" in package.version:
        return ("label", label, "label of") if label else None
    default = pypi_cuda(package.version, package.platform) if package.name == "torch" else None
    return ("wheel", default, "unlabelled PyPI wheel") if default else None

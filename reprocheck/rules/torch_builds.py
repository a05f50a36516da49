"""Which build of torch an environment holds on a platform: release, CUDA, who built it, and its kernels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.torch_archs import Archs, Build, Origin, archs_of
from reprocheck.facts.torch_wheels import has_pypi_cuda, pypi_cuda
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_claims import CudaClaim, label_in
from reprocheck.rules.declarations import package_of, standing_on, written
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import framework_flavour, is_another_build, is_cpu_build, reference

_CONDA_NAMES = ("pytorch", "libtorch")
# Where the URL tells no channel, the build string does: only the pytorch channel names the cuDNN in it.
_OWN_BUILD = "_cudnn"
_FORGE_BUILD = re.compile(r"cuda\d{3}_(?:mkl|generic)_")


class TorchBuild(NamedTuple):
    """One build. `cuda` is () where it is not known; `archs` is None where its kernels are not; `said` names it."""

    said: str
    build: Build | None
    cuda: Numbers
    archs: Archs | None
    package: PackageRef
    location: Location


def torch_build(facts: Facts, platform: str) -> TorchBuild | None:
    """Return the build with CUDA of a platform, from the lock, else from what the environment file pins."""
    if isinstance(facts.lock, Lock):
        return locked_build(facts.lock, platform)
    if isinstance(facts.environment, EnvironmentFile):
        return next(_declared(facts.environment, platform), None)
    return None


def locked_build(lock: Lock, platform: str) -> TorchBuild | None:
    """Return the locked build with CUDA; pip's counts before conda's, which it replaces."""
    for package in lock.named(platform, "torch", *_CONDA_NAMES):
        found = _pip_build(lock, package) if package.manager == "pip" else _conda_build(lock, package)
        if found:
            return found
    return None


def _pip_build(lock: Lock, package: LockedPackage) -> TorchBuild | None:
    label, served = label_in(package.version), pypi_cuda(package.version, package.platform)
    cuda = label or numbers(package.cuda or "")[:2] or served
    if is_cpu_build(package) or not (cuda or has_pypi_cuda(package.version, package.platform)):
        return None
    if not label and not package.cuda and "+" in package.version:
        return None
    plain = package.version.replace("%2B", "+").partition("+")[0]
    build = None if is_another_build(package) else _build("wheel", plain, cuda, package.platform)
    return _named(f"`torch {package.version}`", build, cuda or (), reference(package), lock.location_of(package))


def _conda_build(lock: Lock, package: LockedPackage) -> TorchBuild | None:
    flavour = framework_flavour(package)
    if flavour is None or flavour.cuda is None:
        return None
    origin = _origin(package)
    build = _build(origin, package.version, flavour.cuda, package.platform, _variant(lock, package)) if origin else None
    said = f"`{package.name} {package.version}` ({origin or package.channel or 'unknown channel'})"
    return _named(said, build, flavour.cuda, reference(package), lock.location_of(package))


def _origin(package: LockedPackage) -> Origin | None:
    """Return who built a conda package; others than these two have lists of their own."""
    if package.channel == "conda-forge":
        return "conda-forge"
    if package.channel not in ("pytorch", None):
        return None
    build = package.build or ""
    return "pytorch" if _OWN_BUILD in build else "conda-forge" if _FORGE_BUILD.match(build) else None


def _variant(lock: Lock, package: LockedPackage) -> str | None:
    """Return `tegra` for a build for Jetson boards, which conda-forge tells apart by `arm-variant`."""
    chosen = lock.named(package.platform, "arm-variant")
    return "tegra" if any("tegra" in (variant.build or "") for variant in chosen) else None


def _declared(environment: EnvironmentFile, platform: str) -> Iterator[TorchBuild]:
    claims = declared_claims(environment, platform)
    wheels = (item for item in environment.pip if item.name == "torch")
    for item in standing_on(platform, wheels, environment):
        yield from _declared_wheel(item, claims, platform)
    specs = (spec for spec in environment.conda if spec.name in _CONDA_NAMES)
    for spec in standing_on(platform, specs, environment):
        yield from _declared_conda(environment, spec, claims, platform)


def _declared_wheel(item: PipRequirement, claims: tuple[CudaClaim, ...], platform: str) -> Iterator[TorchBuild]:
    own = next((found for found in claims if found.location == item.location), None)
    pin = pin_of(item.specifier) if item.kind == "requirement" else None
    if own:
        build = _build("wheel", pin.version.partition("+")[0], own.cuda, platform) if pin else None
        yield _named(f"`{written(item)}`", build, own.cuda, own.package, item.location)


def _declared_conda(
    environment: EnvironmentFile, spec: CondaSpec, claims: tuple[CudaClaim, ...], platform: str
) -> Iterator[TorchBuild]:
    pin, cuda = pin_of(spec.version), claims[0].cuda if claims else ()
    origin = _declared_origin(environment, spec)
    if pin and len(cuda) > 1 and origin:
        build = _build(origin, pin.version, cuda, platform)
        yield _named(f"`{written(spec)}`", build, cuda, package_of(spec), spec.location)


def _declared_origin(environment: EnvironmentFile, spec: CondaSpec) -> Origin | None:
    """Return where a spec is taken from; where conda-forge comes before the pytorch channel, both are possible."""
    names = [spec.channel] if spec.channel else [channel.name for channel in environment.channels]
    found = [name for name in names if name in ("pytorch", "conda-forge")]
    if found[:1] == ["pytorch"] or _OWN_BUILD in (spec.build or ""):
        return "pytorch"
    return "conda-forge" if found == ["conda-forge"] else None


def _build(
    origin: Origin, version: str, cuda: Numbers | None, platform: str, variant: str | None = None
) -> Build | None:
    """Return what the kernels depend on; None for pre-releases of wheels, whose lists nobody wrote down."""
    torch = numbers(version)
    plain = origin == "conda-forge" or dotted(torch) == version.removesuffix(".*")
    if len(torch) < 2 or not cuda or not plain:
        return None
    return Build(origin, torch, cuda, platform, variant)


def _named(said: str, build: Build | None, cuda: Numbers, package: PackageRef, location: Location) -> TorchBuild:
    shown = f"{said} for CUDA {dotted(cuda)}" if cuda else said
    return TorchBuild(shown, build, cuda, archs_of(build) if build else None, package, location)

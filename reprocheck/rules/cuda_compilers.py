"""Packages that are compiled against CUDA where they are installed, and the CUDA compilers of an environment.

Source: facts of the extensions (flash-attn has no wheels on PyPI; deepspeed compiles on first use; apex, detectron2 and
pytorch3d are installed from their repositories); contents of the conda packages with nvcc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.declarations import package_of, standing_on, written
from reprocheck.rules.declared_cuda import pinned_numbers
from reprocheck.rules.locked_cuda import reference

# Projects by the name of their repository.
_REPOSITORIES: Final[Mapping[str, str]] = {
    "flash-attention": "flash-attn",
    "deepspeed": "deepspeed",
    "apex": "apex",
    "detectron2": "detectron2",
    "pytorch3d": "pytorch3d",
}
_WITHOUT_WHEELS: Final = ("flash-attn", "deepspeed")  # a plain requirement is compiled too
_ON_FIRST_USE: Final = ("deepspeed",)  # unless it was told to compile when it was installed
METAPACKAGES: Final = ("cuda-toolkit", "cuda")
COMPILERS: Final = (
    *METAPACKAGES,
    *("cuda-nvcc", "cuda-compiler", "cudatoolkit-dev"),
    *("nvcc_linux-64", "nvcc_linux-aarch64", "nvcc_win-64", "cuda-nvcc_linux-64", "cuda-nvcc_linux-aarch64"),
)
_REPOSITORY: Final = r"[/:](?P<name>[^/:@#]+?)(?:\.git)?(?:[@#].*)?$"  # compiled on use: few lines are URLs


class Piece(NamedTuple):
    """A package to compile, or a compiler. `cuda` is () where it is not told; `from_source` is True of a checkout."""

    said: str
    name: str
    cuda: Numbers
    from_source: bool
    package: PackageRef
    location: Location


def declared_sources(environment: EnvironmentFile, platform: str) -> tuple[Piece, ...]:
    """Return the pip lines that are compiled with nvcc."""
    named = ((item, _project(item)) for item in standing_on(platform, environment.pip, environment))
    return tuple(
        Piece(written(item), name, (), item.kind != "requirement", PackageRef(manager="pip", name=name), item.location)
        for item, name in named
        if name
    )


def _project(item: PipRequirement) -> str | None:
    """Return the project that a line compiles; None for wheels and for projects that need no nvcc."""
    if item.kind == "requirement":
        return item.name if item.name in _WITHOUT_WHEELS else None
    if item.kind not in ("url", "editable") or "git" not in item.text:
        return None
    found = re.search(_REPOSITORY, item.text.partition(";")[0].strip())
    return _REPOSITORIES.get(found["name"].lower()) if found else None


def locked_sources(lock: Lock, platform: str) -> tuple[Piece, ...]:
    """Return the locked pip packages that are no wheels and are compiled with nvcc."""
    found = lock.named(platform, *_REPOSITORIES.values())
    is_done = _compiles_no_more if lock.records else _is_wheel
    return tuple(_held(lock, package) for package in found if package.manager == "pip" and not is_done(package))


def _compiles_no_more(package: LockedPackage) -> bool:
    """Say whether an installed package needs no nvcc any more: it was compiled, unless it does that on first use."""
    return package.name not in _ON_FIRST_USE or not any(tag.endswith("-none-any") for tag in package.tags)


def _is_wheel(package: LockedPackage) -> bool:
    return package.url.partition("#")[0].endswith(".whl")


def _held(lock: Lock, package: LockedPackage) -> Piece:
    said, from_source = f"{package.name} {package.version}", "git" in package.url.partition("://")[0]
    return Piece(said, package.name, (), from_source, reference(package), lock.location_of(package))


def declared_compilers(environment: EnvironmentFile, platform: str) -> tuple[Piece, ...]:
    """Return the conda specs that install nvcc."""
    specs = (spec for spec in environment.conda if spec.name in COMPILERS)
    return tuple(
        Piece(
            written(spec),
            spec.name,
            pinned_numbers(spec.version)[:2],
            from_source=False,
            package=package_of(spec),
            location=spec.location,
        )
        for spec in standing_on(platform, specs, environment)
    )


def locked_compilers(lock: Lock, platform: str) -> tuple[Piece, ...]:
    """Return the locked conda packages that hold nvcc."""
    return tuple(
        Piece(
            f"{package.name} {package.version}",
            package.name,
            numbers(package.version)[:2],
            from_source=False,
            package=reference(package),
            location=lock.location_of(package),
        )
        for package in lock.named(platform, *COMPILERS)
        if package.manager == "conda"
    )

"""What one source says about the CUDA of an environment: the type that the locked and the declared side share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from reprocheck.facts.cuda_versions import Numbers, dotted, from_digits, from_tag
from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Location, PackageRef

Kind = Literal["label", "build", "runtime", "cuda-version", "cudatoolkit", "pytorch-cuda", "wheel", "name"]

# The order in which sources are believed.
ORDER: Final[tuple[Kind, ...]] = (
    "label",
    "build",
    "runtime",
    "cuda-version",
    "cudatoolkit",
    "pytorch-cuda",
    "wheel",
    "name",
)
SELECTORS: Final[Mapping[str, Kind]] = {
    "cuda-version": "cuda-version",
    "cudatoolkit": "cudatoolkit",
    "pytorch-cuda": "pytorch-cuda",
}
FRAMEWORKS: Final = ("pytorch", "libtorch", "tensorflow-base", "tensorflow", "jaxlib")
RUNTIME_WHEELS: Final = (
    "cuda-toolkit",
    "nvidia-cuda-runtime",
    "nvidia-cuda-runtime-cu11",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cuda-runtime-cu13",
)

# A later minor release does as well; the metapackages of a whole release demand that very one of all its parts.
_LOOSE_RUNTIMES = ("cuda-cudart", *RUNTIME_WHEELS[1:])
# Builds of the pytorch channel write the CUDA with a dot, `cuda12.1`, and need that very release.
_EXACT_BUILD = re.compile(r"cuda\d+\.\d")
_LABEL = re.compile(r"(?:\+|%2B)cu(?P<digits>\d{2,3})\b")
_JAX_LABEL = re.compile(r"(?:\+|%2B)cuda(?P<digits>\d{2,3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaClaim:
    """One source and the CUDA that it gives: `cuda` is (major, minor), or (major,) where it says no more.

    `exact` is False where a later release of the same major does as well: the runtime library alone, and conda-forge
    builds, of which `cuda126` asks for `cuda-version >=12.6,<13`.
    """

    kind: Kind
    cuda: Numbers
    exact: bool
    said: str
    package: PackageRef
    location: Location


def claim(kind: Kind, cuda: Numbers, source: str, package: PackageRef, location: Location) -> CudaClaim:
    """Return a claim whose sentence reads "<source> gives CUDA 12.6"."""
    is_loose = package.name in _LOOSE_RUNTIMES if kind == "runtime" else False
    exact = bool(_EXACT_BUILD.search(source)) if kind == "build" else not is_loose
    said = f"{source} gives CUDA {dotted(cuda)}"
    return CudaClaim(kind=kind, cuda=cuda, exact=exact, said=said, package=package, location=location)


def label_in(version: str) -> Numbers | None:
    """Return the CUDA of a `+cuNNN` label, also where a URL writes the `+` as `%2B`."""
    found = _LABEL.search(version)
    return from_digits(found["digits"]) if found else None


def jax_label_in(version: str) -> Numbers | None:
    """Return the CUDA of a jaxlib label: `+cuda11.cudnn86` is (11,), `+cuda111` is (11, 1)."""
    found = _JAX_LABEL.search(version)
    return from_tag(found["digits"]) if found else None


def in_order(claims: Iterable[CudaClaim], *, torch_is_from_pip: bool = False) -> tuple[CudaClaim, ...]:
    """Return the claims, the one to believe first.

    The wheel of torch brings the CUDA that it runs with: where conda has no framework, it comes before what conda
    has been told to install beside it.
    """
    wheel_at = ORDER.index("cuda-version") - 0.5 if torch_is_from_pip else ORDER.index("wheel")
    return tuple(sorted(claims, key=lambda item: wheel_at if item.kind == "wheel" else ORDER.index(item.kind)))


def agree(one: Numbers, other: Numbers) -> bool:
    """Say whether two versions are the same as far as both go."""
    return all(mine == theirs for mine, theirs in zip(one, other, strict=False))

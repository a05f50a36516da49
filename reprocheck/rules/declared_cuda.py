"""What an environment.yml pins about CUDA on one platform; ranges say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import Numbers, from_digits, numbers
from reprocheck.facts.torch_wheels import pypi_cuda
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.rules.constraints import pin_of
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
from reprocheck.rules.declarations import package_of, standing_on, written

CONDA_FRAMEWORKS = frozenset({*FRAMEWORKS, "pytorch-gpu", "pytorch-cpu", "tensorflow-gpu", "tensorflow-cpu"})
# Packages whose version is that of the CUDA release that they install the libraries of.
_METAPACKAGES = ("cuda-toolkit", "cuda-runtime", "cuda-libraries", "cuda")
_INDEX = re.compile(r"/whl/(?:\w+/)?(?:cu(?P<digits>\d{2,3})|(?P<other>cpu|rocm[\d.]*|xpu))\b")


def declared_claims(environment: EnvironmentFile, platform: str) -> tuple[CudaClaim, ...]:
    """Return the claims of conda specs and pip lines, the one to believe first."""
    conda = standing_on(platform, environment.conda, environment)
    pip = standing_on(platform, environment.pip, environment)
    has_cudart = any(spec.name == "cuda-cudart" for spec in conda)
    said = [found for spec in conda if not (has_cudart and spec.name in _METAPACKAGES) for found in conda_claims(spec)]
    # `cudatoolkit` holds the runtime too: a later one beside it is a second one.
    beside = any(item.kind == "cudatoolkit" for item in said)
    found = [
        *(replace(item, exact=True) if beside and item.kind == "runtime" else item for item in said),
        *(found for item in pip for found in _pip_claims(environment, item, platform)),
    ]
    frameworks = any(spec.name in CONDA_FRAMEWORKS for spec in conda)
    return in_order(found, torch_is_from_pip=not frameworks)


def conda_claims(spec: CondaSpec) -> Iterator[CudaClaim]:
    """Yield what one conda spec pins: a CUDA build, the runtime, or a selector."""
    reference = package_of(spec)
    flavour = flavour_of_pin(spec.build) if spec.build and spec.name in FRAMEWORKS else None
    if flavour and flavour.cuda:
        yield claim("build", flavour.cuda, f"build pin of `{written(spec)}`", reference, spec.location)
    version = pinned_numbers(spec.version)
    if version and (spec.name == "cuda-cudart" or spec.name in _METAPACKAGES):
        yield claim("runtime", version[:2], f"runtime `{written(spec)}`", reference, spec.location)
    elif spec.name in SELECTORS and version:
        yield claim(SELECTORS[spec.name], version[:2], f"selector `{written(spec)}`", reference, spec.location)


def has_other_index(environment: EnvironmentFile) -> bool:
    """Say whether pip is sent to a package index for one CUDA, for ROCm, or for the CPU."""
    return any(map(_INDEX.search, _options(environment)))


def cuda_of_index(option: str) -> Numbers | None:
    """Return the CUDA of the wheel index that an option names, None for other indexes and options."""
    found = _INDEX.search(option)
    return from_digits(found["digits"]) if found and found["digits"] else None


def pinned_numbers(constraint: str | None) -> Numbers:
    """Return the numbers of a pinned version, () for ranges and for none."""
    pin = pin_of(constraint)
    return numbers(pin.version) if pin else ()


def _pip_claims(environment: EnvironmentFile, item: PipRequirement, platform: str) -> Iterator[CudaClaim]:
    found = None
    if item.name == "torch":
        found = _torch(environment, item, platform)
    elif item.name in RUNTIME_WHEELS and pinned_numbers(item.specifier):
        found = ("runtime", pinned_numbers(item.specifier)[:2], f"runtime `{written(item)}`")
    elif item.name == "jaxlib":
        found = _jaxlib(item)
    if found:
        kind, cuda, source = found
        yield claim(kind, cuda, source, package_of(item), item.location)


def _torch(environment: EnvironmentFile, item: PipRequirement, platform: str) -> tuple[Kind, Numbers, str] | None:
    """A label counts first; then the package index that is given, whose labelled wheels win; then what PyPI serves."""
    label = label_in(item.specifier) or label_in(item.text)
    if label:
        return "label", label, f"label of `{written(item)}`"
    index = next(filter(_INDEX.search, _options(environment)), None)
    if index:
        cuda = cuda_of_index(index)
        return ("label", cuda, f"package index for `{written(item)}`") if cuda else None
    pin = pin_of(item.specifier) if item.kind == "requirement" else None
    default = pypi_cuda(pin.version, platform) if pin and "+" not in pin.version else None
    return ("wheel", default, f"unlabelled PyPI wheel `{written(item)}`") if default else None


def _jaxlib(item: PipRequirement) -> tuple[Kind, Numbers, str] | None:
    label = jax_label_in(item.specifier) or jax_label_in(item.text)
    return ("label", label, f"label of `{written(item)}`") if label else None


def _options(environment: EnvironmentFile) -> Iterator[str]:
    yield from (item.text for item in environment.pip if item.kind == "option")
    yield from (index.name for index in environment.pip_repositories)

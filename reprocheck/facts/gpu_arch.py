"""From the name of an NVIDIA GPU to its compute capability, and what that says about CUDA and drivers.

Source: NVIDIA "CUDA GPU Compute Capability"; the table names its sources row by row.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import Row, optional_text, rows_of, text

GpuKind = Literal["datacenter", "workstation", "consumer", "tegra"]

_SM = re.compile(r"^(?:sm|compute)_?(?P<major>\d{1,2})(?P<minor>\d)[af]?$")
_BARE = re.compile(r"^(?P<major>\d{1,2})\.(?P<minor>\d)$")
_BRAND = re.compile(r"\b(?:nvidia|geforce|tesla|generation|gpu)\b")
_VARIANT = re.compile(r"(?<=\d)(?:ti|super)+$")  # the same chip family as the plain model
_FORM = re.compile(r"-?\b(?:pcie|sxm\d?|nvl|hbm\d\w?|\d+gb|laptop|max-q|mig [\w.+]+)\b")


class Architecture(NamedTuple):
    """One compute capability. `last_cuda` and `last_driver_branch` are None while they are supported."""

    compute_capability: Numbers
    name: str
    products: tuple[str, ...]
    first_cuda: Numbers
    last_cuda: Numbers | None
    last_driver_branch: int | None


def compute_capability_of(name: str) -> str | None:
    """Return `7.0` for `sm_70`, `compute_70`, `7.0`, `V100` or `Tesla V100-SXM2-16GB`; None for an unknown name.

    A compute capability that is newer than the table passes.
    """
    wanted = name.strip().lower()
    found = _SM.match(wanted) or _BARE.match(wanted)
    written = f"{found['major']}.{found['minor']}" if found else wanted
    if written in _capabilities() or (found and numbers(written) > newest_known_gpu()):
        return written
    row = _product(wanted)
    return text(row, "cc") if row else None


def kind_of(name: str) -> GpuKind | None:
    """Return what a product is made for, None for a bare compute capability and for an unknown name."""
    row = _product(name.strip().lower())
    if row is None:
        return None
    if "(Tegra)" in text(row, "arch"):
        return "tegra"
    bare = _VARIANT.sub("", _bare(name.lower()))
    for kind in ("workstation", "consumer"):
        if any(_VARIANT.sub("", _bare(product.lower())) == bare for product in row[kind]):
            return kind
    return "datacenter"


@cache
def architectures() -> tuple[Architecture, ...]:
    """Return every known compute capability, oldest first."""
    return tuple(map(_architecture, rows_of("gpu_arch", "architectures")))


def architecture_of(compute_capability: Numbers) -> Architecture | None:
    """Return what is known of a compute capability, None for one that is not in the table."""
    return next((known for known in architectures() if known.compute_capability == compute_capability), None)


def newest_known_gpu() -> Numbers:
    """Return the newest compute capability of the table."""
    return max(known.compute_capability for known in architectures())


def is_tegra(compute_capability: Numbers) -> bool:
    """Say whether a GPU is that of a Jetson board, which does not share cubins with desktop GPUs."""
    known = architecture_of(compute_capability)
    return known is not None and "(Tegra)" in known.name


def is_within_reach(compute_capability: Numbers, cuda: Numbers) -> bool:
    """Say whether a CUDA release compiles for a GPU, or for an older one whose cubins run on it."""
    same = (known for known in architectures() if known.compute_capability[0] == compute_capability[0])
    return any(known.compute_capability <= compute_capability and known.first_cuda <= cuda for known in same)


def sm_name(compute_capability: str) -> str:
    """Return `sm_90` for `9.0`."""
    return f"sm_{compute_capability.replace('.', '')}"


def gpu_names() -> list[str]:
    """Return every name that is understood, sorted: `sm_90` and the products."""
    products = {name for row in rows_of("gpu_arch", "architectures") for name in row["products"]}
    return sorted(products | set(map(sm_name, _capabilities())))


def _capabilities() -> frozenset[str]:
    return frozenset(text(row, "cc") for row in rows_of("gpu_arch", "architectures"))


def _product(name: str) -> Row | None:
    bare, products = _bare(name), _products()
    return products.get(bare) or products.get(_VARIANT.sub("", bare))


@cache
def _products() -> dict[str, Row]:
    rows = rows_of("gpu_arch", "architectures")
    return {_bare(name.lower()): row for row in rows for name in row["products"]}


def _architecture(row: Row) -> Architecture:
    # A GPU of low confidence has a name, and no end that could stand behind an error.
    firm = text(row, "confidence") != "low"
    last_cuda = optional_text(row, "last_cuda") if firm else None
    last_branch = optional_text(row, "last_driver_branch") if firm else None
    return Architecture(
        compute_capability=numbers(text(row, "cc")),
        name=text(row, "arch"),
        products=tuple(row["products"]),
        first_cuda=numbers(text(row, "first_cuda")),
        last_cuda=numbers(last_cuda) if last_cuda else None,
        last_driver_branch=int(last_branch) if last_branch else None,
    )


def _bare(name: str) -> str:
    """Return a product name without brand, form factor, memory size and spaces: `nvidia-smi` and people then agree."""
    return "".join(_FORM.sub(" ", _BRAND.sub(" ", name)).replace("-", " ").split())

"""What names and tags of binary extensions say of the torch and CUDA that they were built for.

Sources: release pages and METADATA, row by row in the table; for the C++ interface of the torch wheels
Dao-AILab/flash-attention#1644 and pytorch/pytorch#152790.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, from_digits, numbers
from reprocheck.facts.tables import firm_rows, text

# All packages of the table, so that it is read only where one of them is there.
EXTENSIONS: Final = (
    "bitsandbytes",
    "flash-attn",
    "jax-cuda12-plugin",
    "jax-cuda13-plugin",
    "onnxruntime-gpu",
    "pyg-lib",
    "pytorch-cluster",
    "pytorch-scatter",
    "pytorch-sparse",
    "pytorch-spline-conv",
    "torch-cluster",
    "torch-scatter",
    "torch-sparse",
    "torch-spline-conv",
    "vllm",
    "xformers",
)

_FIRST_WITH_CXX11 = (2, 7)
_EARLIER_WITH_CXX11 = ((2, 6), (12, 6))  # torch 2.6 has it in the build for CUDA 12.6 alone


class Built(NamedTuple):
    """What an extension was built for. `cuda` is (major,) or (major, minor), () for a CPU build, None if not told."""

    torch: Numbers
    cuda: Numbers | None
    cxx11: bool | None = None


@cache
def packages_of_pages() -> frozenset[str]:
    """Return the packages that pages of wheels for one torch serve."""
    return frozenset(name for row in firm_rows("extensions", "pages") for name in row["packages"])


def built_for(package: str, told: str) -> Built | None:
    """Return what a version, a file name or a build string tells, None where it tells nothing."""
    for row in firm_rows("extensions", "tags"):
        found = _compiled(text(row, "regex")).search(told) if package in row["packages"] else None
        if found:
            return _built(found, cuda_is_major=text(row, "cuda_is_major") == "yes")
    return None


def page_for(address: str) -> Built | None:
    """Return for which torch and CUDA a page of wheels is, None for other pages."""
    for row in firm_rows("extensions", "pages"):
        found = _compiled(text(row, "regex")).search(address)
        if found:
            told = found["cuda"] or found["cpu"]
            return Built(numbers(found["torch"]), _cuda(found["cuda"], is_major=False) if told else None)
    return None


def torch_pin_of(package: str, version: str) -> str | None:
    """Return the torch that a release asks for, None where it is not known."""
    rows = (
        row
        for row in firm_rows("extensions", "torch_pins")
        if (text(row, "package"), text(row, "version")) == (package, version)
    )
    return next((text(row, "torch") for row in rows), None)


@cache
def pinning_packages() -> frozenset[str]:
    """Return the packages whose releases ask for one torch."""
    return frozenset(text(row, "package") for row in firm_rows("extensions", "torch_pins"))


def cuda_libraries(package: str, version: str) -> tuple[Numbers, ...]:
    """Return the CUDA versions that a wheel holds libraries for, () where it is not known."""
    for row in firm_rows("extensions", "libraries"):
        if (text(row, "package"), text(row, "version")) == (package, version):
            return tuple(numbers(cuda) for cuda in row["cuda"])
    return ()


def cuda_class_of(package: str, version: str) -> int | None:
    """Return the CUDA major that a release is built for, None where it is not known."""
    mine = numbers(version)
    for row in firm_rows("extensions", "classes"):
        if text(row, "package") == package and numbers(text(row, "first")) <= mine <= numbers(text(row, "last")):
            return int(text(row, "cuda"))
    return None


def twin_of(package: str) -> str | None:
    """Return the package that has to have the same release, None without one."""
    return next(
        (text(row, "twin") for row in firm_rows("extensions", "twins") if text(row, "package") == package), None
    )


def has_cxx11_abi(torch: Numbers, cuda: Numbers | None) -> bool | None:
    """Say whether a torch wheel of PyTorch has the new C++ interface, None where its CUDA would decide and is open."""
    if torch[:2] == _EARLIER_WITH_CXX11[0]:
        return None if cuda is None else cuda == _EARLIER_WITH_CXX11[1]
    return torch[:2] >= _FIRST_WITH_CXX11


def _built(found: re.Match[str], *, cuda_is_major: bool) -> Built:
    groups = found.groupdict()
    torch = groups["torch"]
    release = numbers(torch) if "." in torch else (int(torch[0]), int(torch[1:]))
    abi = groups.get("abi")
    return Built(release, _cuda(groups["cuda"], is_major=cuda_is_major), None if abi is None else abi == "TRUE")


def _cuda(digits: str | None, *, is_major: bool) -> Numbers:
    if digits is None:
        return ()
    return (int(digits),) if is_major and len(digits) < len("118") else from_digits(digits)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)

"""For which GPUs a build of torch holds kernels, and when a kernel runs on a GPU at all.

A cubin for X.y runs on X.z with z >= y, of the same major only; desktop and Tegra GPUs do not share cubins. PTX for X.y
can be compiled for every GPU from X.y on. The suffix `a` means that very GPU, `f` its family: the same major, from the
minor on. Source: CUDA Programming Guide, "Binary compatibility", "PTX compatibility" and §5.1 on feature sets; the
table names its sources row by row.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.gpu_arch import is_tegra
from reprocheck.facts.tables import Row, optional_text, rows_of, text
from reprocheck.facts.torch_wheels import pypi_cuda, wheel_builds

Origin = Literal["wheel", "pytorch", "conda-forge"]
"""Who built it: a wheel of PyTorch's own, the `pytorch` channel, or conda-forge."""

Coverage = Literal["cubin", "ptx", "tegra", "none"]
"""How a build reaches a GPU; `tegra`: by a cubin that is not promised to run there."""

_SECTIONS = {"wheel": "wheels", "pytorch": "pytorch_channel", "conda-forge": "conda_forge"}


class Archs(NamedTuple):
    """The kernels of one build: `sm` and `ptx` as the table writes them (`90`, `90a`); not `firm` is an assumption."""

    sm: tuple[str, ...]
    ptx: str | None
    firm: bool


class Build(NamedTuple):
    """One build as far as its kernels depend on it; `variant` is `tegra` for a build for Jetson."""

    origin: Origin
    torch: Numbers
    cuda: Numbers
    platform: str
    variant: str | None = None


def archs_of(build: Build) -> Archs | None:
    """Return the kernels of a build, None where the table does not know it."""
    for row in rows_of("torch_archs", _SECTIONS[build.origin]):
        if _covers(row, build):
            listed = tuple(row["sm"])
            return Archs(sm=listed, ptx=optional_text(row, "ptx"), firm=text(row, "confidence") != "low")
    return None


def coverage(archs: Archs, compute_capability: Numbers) -> Coverage:
    """Say how a build reaches a GPU."""
    if any(cubin_runs(sm, compute_capability) for sm in archs.sm):
        return "cubin"
    if archs.ptx and ptx_compiles(archs.ptx, compute_capability):
        return "ptx"
    # The same rule, were it not for desktop and Tegra.
    near = any(_matches(*_split(sm), compute_capability) for sm in archs.sm)
    return "tegra" if near else "none"


def cubin_runs(sm: str, compute_capability: Numbers) -> bool:
    """Say whether machine code for `sm` (`86`, `90a`) runs on a GPU."""
    built_for, suffix = _split(sm)
    if built_for == compute_capability:
        return True
    shared = not is_tegra(built_for) and not is_tegra(compute_capability)
    return shared and _matches(built_for, suffix, compute_capability)


def ptx_compiles(ptx: str, compute_capability: Numbers) -> bool:
    """Say whether a driver can compile PTX for `ptx` (`90`, `100f`) for a GPU; the driver has to know that PTX, too."""
    built_for, suffix = _split(ptx)
    return _matches(built_for, suffix, compute_capability) if suffix else built_for <= compute_capability


def shown(archs: Archs) -> str:
    """Return the list as people read it: `kernels for sm_50, sm_60 and PTX for 9.0`."""
    kernels = f"kernels for {', '.join(f'sm_{sm}' for sm in archs.sm)}"
    return f"{kernels} and PTX for {dotted(_split(archs.ptx)[0])}" if archs.ptx else f"{kernels} and no PTX"


def covering_wheel(build: Build, compute_capability: Numbers) -> tuple[str, str] | None:
    """Return the (torch, CUDA) of the nearest wheel with a cubin for a GPU: same release, then newer, then older.

    Of one release the wheel that PyPI serves comes first, then that for the newest CUDA.
    """
    fits = [
        (torch, cuda)
        for torch, cudas in wheel_builds()
        for cuda in cudas
        if _has_cubin(Build("wheel", numbers(torch), numbers(cuda), build.platform), compute_capability)
    ]
    mine = build.torch
    same = sorted(
        (pair for pair in fits if numbers(pair[0])[: len(mine)] == mine), key=lambda pair: _on_pypi(build, pair)
    )
    newer = [pair for pair in fits if numbers(pair[0]) > mine]
    return same[-1] if same else newer[0] if newer else fits[-1] if fits else None


def _on_pypi(build: Build, pair: tuple[str, str]) -> bool:
    return pypi_cuda(pair[0], build.platform) == numbers(pair[1])


def covering_conda_forge(build: Build, compute_capability: Numbers) -> tuple[str, str] | None:
    """Return the (CUDA, first torch) of conda-forge's nearest build with a cubin, newer CUDA first."""
    fits = [
        (cuda, text(row, "first"))
        for row in rows_of("torch_archs", "conda_forge_builds")
        for cuda in row["cuda"]
        if build.platform in row["platforms"]
        and _has_cubin(Build("conda-forge", (), numbers(cuda), build.platform), compute_capability)
    ]
    newer = [pair for pair in fits if numbers(pair[0]) >= build.cuda]
    return newer[0] if newer else fits[-1] if fits else None


def _has_cubin(build: Build, compute_capability: Numbers) -> bool:
    archs = archs_of(build)
    return archs is not None and archs.firm and coverage(archs, compute_capability) == "cubin"


def _covers(row: Row, build: Build) -> bool:
    if build.platform not in row["platforms"] or dotted(build.cuda[:2]) not in row["cuda"]:
        return False
    if "variant" in row:
        return optional_text(row, "variant") == build.variant
    return numbers(text(row, "first")) <= build.torch[:2] <= numbers(text(row, "last"))


def _split(written: str) -> tuple[Numbers, str]:
    """Return `90a` as ((9, 0), "a")."""
    digits = written.rstrip("af")
    return (int(digits[:-1]), int(digits[-1])), written[len(digits) :]


def _matches(built_for: Numbers, suffix: str, compute_capability: Numbers) -> bool:
    if suffix == "a":
        return built_for == compute_capability
    return built_for[0] == compute_capability[0] and built_for <= compute_capability

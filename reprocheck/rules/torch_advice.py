"""Which build of torch to take instead, for a GPU that the one in hand does not reach."""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, dotted
from reprocheck.facts.gpu_arch import sm_name
from reprocheck.facts.torch_archs import Build, covering_conda_forge, covering_wheel
from reprocheck.facts.torch_wheels import pypi_cuda


def better_build(build: Build, compute_capability: Numbers) -> str:
    """Return the nearest build with kernels for a GPU, as advice; of a conda build conda-forge's comes first."""
    wheel, forge = covering_wheel(build, compute_capability), covering_conda_forge(build, compute_capability)
    if forge and build.origin != "wheel":
        return f"take conda-forge's build for CUDA {forge[0]} (from pytorch {forge[1]} on) by `cuda-version={forge[0]}`"
    if wheel:
        return _wheel(build, *wheel)
    capability = dotted(compute_capability)
    return f"no known build holds kernels for {sm_name(capability)}: compile torch for {capability}"


def _wheel(build: Build, torch: str, cuda: str) -> str:
    if dotted(pypi_cuda(torch, build.platform) or ()) == cuda:
        return f"take `torch=={torch}`, whose wheel on PyPI is for CUDA {cuda}"
    return f"take `torch=={torch}+cu{cuda.replace('.', '')}` from PyTorch's own wheel index"

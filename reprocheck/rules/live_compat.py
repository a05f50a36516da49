"""A libcuda of cuda-compat that the machine loads: it, and no longer the driver alone, says which CUDA runs."""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.rules.facts import Facts, Unseen


def runs_by_loaded_compat(facts: Facts, platform: str, cuda: Numbers) -> bool:
    """Say whether cuda-compat is loaded on this machine, starts there, and runs a CUDA."""
    machine = facts.machine
    if isinstance(machine, Unseen) or not machine.compat_libcuda or not machine.cuda_max or machine.refusals:
        return False
    return platform.startswith("linux-") and numbers(machine.cuda_max) >= cuda

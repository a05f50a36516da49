"""What one platform of a lock computes with: the versions that all ranks of a job must share."""

from __future__ import annotations

from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.locked_cuda import locked_claims

# component -> names, conda first, then the wheels of every CUDA major.
COMPONENTS = (
    ("torch", ("pytorch", "torch", "libtorch")),
    ("cudnn", ("cudnn", "nvidia-cudnn-cu11", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13")),
    ("nccl", ("nccl", "nvidia-nccl-cu11", "nvidia-nccl-cu12", "nvidia-nccl-cu13")),
)


def components_of(lock: Lock, platform: str) -> tuple[tuple[str, str], ...]:
    """Return (component, version) pairs: torch without its local label, CUDA as `12.6`, cuDNN and NCCL."""
    claims = locked_claims(lock, platform)
    cuda = (("cuda", dotted(claims[0].cuda)),) if claims else ()
    found = ((name, lock.named(platform, *packages)) for name, packages in COMPONENTS)
    return (*((name, _version(packages[0])) for name, packages in found if packages), *cuda)


def _version(package: LockedPackage) -> str:
    return package.version.partition("+")[0]

"""What asks for a GPU, and what asks for none: declared packages, the recorded decision, the machine, the user."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import Numbers
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.rules.cuda_claims import FRAMEWORKS
from reprocheck.rules.declarations import Declaration, standing_on, written
from reprocheck.rules.declared_cuda import cuda_of_index
from reprocheck.rules.facts import Facts, Unseen

EXPECTED = "`--expect-gpu` says that a GPU is meant"

_DECIDED = r"\d+\.\d+"  # any other text than `none` says that nobody decided
_GPU_PACKAGES = ("cuda-version", "cudatoolkit", "cupy")
# The framework that a name speaks of: of the others it says nothing.
_FRAMEWORK_OF = {
    "pytorch-gpu": "pytorch",
    "pytorch-cuda": "pytorch",
    "libtorch": "pytorch",
    "torch": "pytorch",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-base": "tensorflow",
}


def wish_for_gpu(facts: Facts, lock: Lock, package: LockedPackage) -> str:
    """Return what asks for a GPU build of a framework, as a sentence; empty when nothing does.

    The package index of a CUDA speaks of what pip installs alone.
    """
    if facts.expects_gpu:
        return EXPECTED
    entries = entries_on(facts, package.platform)
    asked = asks_by_name(entries, package) or next((one for one in entries if one.name in _GPU_PACKAGES), None)
    against = any(asks_for_cpu(entry) for entry in entries)
    decision = re.fullmatch(_DECIDED, lock.custom(CUDA_KEY) or "")
    if asked and not _is_cpuonly(entries):  # RC414 tells `cpuonly` beside a CUDA package
        return f"`{written(asked)}` in the environment file asks for CUDA"
    if decision and not against:
        return f"the lock was made for CUDA {decision.group()}"
    if not isinstance(facts.machine, Unseen) and facts.machine.gpus and not against:
        names = ", ".join(gpu.name for gpu in facts.machine.gpus)
        return f"the machine has {names} according to {facts.machine.source}"
    return ""


def asks_by_name(entries: Iterable[Declaration], package: LockedPackage) -> Declaration | None:
    """Return the entry that asks for CUDA of this very framework, None where there is none."""
    return next((entry for entry in entries if _asks_for_gpu(entry, package)), None)


def entries_on(facts: Facts, platform: str) -> tuple[Declaration, ...]:
    """Return what the environment file declares for a platform."""
    environment = facts.environment
    if not isinstance(environment, EnvironmentFile):
        return ()
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    return tuple(standing_on(platform, entries, environment))


def asks_for_cpu(entry: Declaration) -> bool:
    """Say whether an entry asks for a build without CUDA."""
    if not isinstance(entry, CondaSpec):
        return "+cpu" in entry.specifier or (entry.kind == "option" and entry.text.rstrip("/").endswith("/whl/cpu"))
    flavour = flavour_of_pin(entry.build) if entry.name in FRAMEWORKS and entry.build else None
    return entry.name in ("cpuonly", "pytorch-cpu") or (flavour is not None and flavour.cuda is None)


def named_cuda(entry: Declaration) -> Numbers | None:
    """Return the CUDA of PyTorch's own wheel index that an entry names, None for any other entry."""
    is_option = isinstance(entry, PipRequirement) and entry.kind == "option"
    return cuda_of_index(entry.text) if is_option else None


def _asks_for_gpu(entry: Declaration, package: LockedPackage) -> bool:
    if named_cuda(entry) is not None:
        return package.manager == "pip"
    name = entry.name or ""
    if _FRAMEWORK_OF.get(name, name) != _FRAMEWORK_OF.get(package.name, package.name):
        return False
    if not isinstance(entry, CondaSpec):
        return "+cu" in entry.specifier or "and-cuda" in entry.extras
    return "cuda" in (entry.build or "") or name in ("pytorch-gpu", "pytorch-cuda", "tensorflow-gpu")


def _is_cpuonly(entries: tuple[Declaration, ...]) -> bool:
    return any(entry.name == "cpuonly" for entry in entries)

"""The lock holds a CPU build although a GPU is meant.

What it checks.
    Frameworks that the lock took without CUDA although something asks for a GPU: the recorded CUDA decision, a
    CUDA package that was declared, or the GPU that the audit is for.

Why it matters.
    Without a driver in sight (a login node, CI, a container build) conda-forge's pytorch becomes the CPU build, in
    silence. Training runs, forty times slower, and its numbers are not those of the GPU.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - cuda-version=12.6

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101
      - conda linux-64 cuda-version 12.6 h7480c83_3

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - cuda-version=12.6

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-version 12.6 h7480c83_3

How to fix.
    Say which CUDA: `reprocheck lock --cuda 12.6`, or ask for `pytorch-gpu`. From PyPI on Windows name PyTorch's
    own wheel index of that CUDA.

When it stays silent.
    Nothing asks for a GPU; the lock was made with `--cuda none`; the environment.yml itself asks for the CPU build
    (`cpuonly`, `pytorch=*=cpu*`, `torch==2.6.0+cpu`) and only the machine has a GPU; the platform is macOS.

Sources.
    conda/conda#14761; conda-forge/pytorch-cpu-feedstock recipe; PyTorch "Start Locally" (Windows wheels on PyPI are
    CPU-only), read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.rules.cuda_claims import FRAMEWORKS
from reprocheck.rules.declarations import Declaration, first_place, platforms_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import is_cpu_build, reference
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC420",
    name="cpu-build-resolved",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_DECIDED = re.compile(r"\d+\.\d+")  # any other text than `none` says that nobody decided
_GPU_PACKAGES = ("pytorch-gpu", "pytorch-cuda", "cuda-version", "cudatoolkit", "tensorflow-gpu", "cupy")
_LIBRARIES = ("libtorch", "tensorflow-base")  # parts of a framework, told with it


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each framework without CUDA, its platforms together."""
    if isinstance(facts.lock, Unseen) or facts.lock.custom(CUDA_KEY) == "none":
        return
    found: dict[tuple[str, str], list[LockedPackage]] = {}
    signals: dict[str, str] = {}
    for platform in platforms_in(facts):
        signal = "" if platform.startswith("osx-") else _signal(facts, facts.lock, platform)
        for package in _cpu_builds(facts.lock, platform) if signal else ():
            signals.setdefault(package.name, signal)
            found.setdefault((package.name, package.version), []).append(package)
    for packages in found.values():
        yield _finding(facts, facts.lock, packages, signals[packages[0].name])


def _cpu_builds(lock: Lock, platform: str) -> tuple[LockedPackage, ...]:
    found = tuple(package for package in lock.on(platform) if is_cpu_build(package))
    whole = tuple(package for package in found if package.name not in _LIBRARIES)
    return whole or found


def _signal(facts: Facts, lock: Lock, platform: str) -> str:
    """Return what asks for a GPU, as a sentence; empty when nothing does."""
    entries = _entries_on(facts, platform)
    asked = next((entry for entry in entries if _asks_for_gpu(entry)), None)
    asks_for_cpu = any(_asks_for_cpu(entry) for entry in entries)
    decision = _DECIDED.fullmatch(lock.custom(CUDA_KEY) or "")
    if asked and not _is_cpuonly(entries):  # RC414 tells `cpuonly` beside a CUDA package
        return f"`{written(asked)}` in the environment file asks for CUDA"
    if decision and not asks_for_cpu:
        return f"the lock was made for CUDA {decision.group()}"
    if not isinstance(facts.machine, Unseen) and facts.machine.gpus and not asks_for_cpu:
        names = ", ".join(gpu.name for gpu in facts.machine.gpus)
        return f"the machine has {names} according to {facts.machine.source}"
    return ""


def _entries_on(facts: Facts, platform: str) -> tuple[Declaration, ...]:
    environment = facts.environment
    if not isinstance(environment, EnvironmentFile):
        return ()
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    return tuple(entry for entry in entries if platform in platforms_of(entry, environment))


def _asks_for_gpu(entry: Declaration) -> bool:
    if not isinstance(entry, CondaSpec):
        return entry.name == "torch" and "+cu" in entry.specifier
    pinned = entry.name in FRAMEWORKS and "cuda" in (entry.build or "")
    return pinned or entry.name in _GPU_PACKAGES


def _asks_for_cpu(entry: Declaration) -> bool:
    if not isinstance(entry, CondaSpec):
        return "+cpu" in entry.specifier or (entry.kind == "option" and entry.text.rstrip("/").endswith("/whl/cpu"))
    flavour = flavour_of_pin(entry.build) if entry.name in FRAMEWORKS and entry.build else None
    return entry.name in ("cpuonly", "pytorch-cpu") or (flavour is not None and flavour.cuda is None)


def _is_cpuonly(entries: tuple[Declaration, ...]) -> bool:
    return any(entry.name == "cpuonly" for entry in entries)


def _finding(facts: Facts, lock: Lock, packages: list[LockedPackage], signal: str) -> Finding:
    first = packages[0]
    platforms = tuple(package.platform for package in packages)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{first.name} {first.version}` is a build without CUDA on {', '.join(platforms)}, but {signal}",
        location=_place(facts, lock, first),
        related=(RelatedLocation(location=lock.location_of(first), message="the package in the lock"),),
        packages=tuple(reference(package) for package in packages),
        platforms=platforms,
        evidence=(_why_cpu(first), signal),
        fix=_fix(first),
    )


def _why_cpu(package: LockedPackage) -> str:
    shown = f"`{package.name} {package.version}`"
    if package.manager == "conda":
        return f"build string `{package.build}` of {shown} is that of a CPU build"
    if "+cpu" in package.version:
        return f"label of {shown} is that of a CPU build"
    return f"PyPI serves {shown} for {package.platform} without CUDA"


def _place(facts: Facts, lock: Lock, package: LockedPackage) -> Location:
    whole = {"libtorch": "pytorch", "tensorflow-base": "tensorflow"}.get(package.name, package.name)
    wanted = ((package.manager, package.name), ("conda", whole), ("conda", f"{whole}-gpu"))
    return first_place(facts, wanted) or lock.location_of(package)


def _fix(package: LockedPackage) -> str:
    if package.manager == "pip":
        return "name PyTorch's own wheel index for a CUDA, and pin the build, for example `torch==2.6.0+cu126`"
    return f"write `{package.name}=*=*cuda*` in the conda part and run `reprocheck lock --cuda X.Y` for your driver"

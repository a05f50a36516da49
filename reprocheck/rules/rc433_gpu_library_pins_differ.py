"""A library of NVIDIA is not the one that torch or jax was built with.

What it checks.
    The versions of NVIDIA's wheels (cuDNN, NCCL, cuBLAS, nvJitLink and so on) against what the METADATA of the pinned
    or locked torch requires; nvJitLink against the cuSPARSE that calls it; cuDNN against the one that jaxlib names;
    conda's cuDNN and NCCL beside a torch of pip, which brings its own.

Why it matters.
    An older library lacks symbols that the framework calls (`__nvJitLinkComplete_12_4`, `ncclCommRegister`), or is
    refused on import (cuDNN). A newer one may choose other algorithms, and so compute other bits.

Bad.
    dependencies:
      - pip
      - pip:
          - torch==2.5.1
          - nvidia-cudnn-cu12==8.9.2.26

Good.
    dependencies:
      - pip
      - pip:
          - torch==2.5.1
          - nvidia-cudnn-cu12==9.1.0.70

How to fix.
    Take the pins out: the wheel of torch requires the exact versions. Where another package wants another one, use an
    environment of its own for it.

When it stays silent.
    The versions are those of the METADATA; the release of torch is not in the table; a wheel of another index stands
    with libraries of the CUDA in its label; a later nvJitLink stands beside an older cuSPARSE; conda's cuDNN has
    another user, such as tensorflow.

Sources.
    METADATA of the torch wheels and of cuda-toolkit on PyPI; pytorch/pytorch#80637, #111469, #134929, #119932;
    jax-ml/jax#16078 and #15268, read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.nvidia_wheels import library_of, suffix_cuda
from reprocheck.facts.torch_requires import cuda_of_library, required_by_torch
from reprocheck.facts.torch_wheels import has_pypi_cuda
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.closure import ways_in
from reprocheck.rules.cuda_claims import label_in
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.gpu_libraries import Library, Shelf, declared_shelf, locked_shelf
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import shortened

RULE = Rule(
    code="RC433",
    name="gpu-library-pins-differ",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, without one at the environment file
    since="0.1.0",
)

_MOST_SHOWN = 3
_FIRST_LABEL_WITH_WHEELS = (2, 1)  # older labelled wheels hold the libraries themselves
_CUDNN_OF_JAX = r"\.cudnn(?P<major>\d)(?P<minor>\d)$"  # compiled on use: few environments have such a jaxlib
_OWN = "torch loads its own; conda's comes first only where LD_LIBRARY_PATH leads to the environment"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what differs on each platform, equal findings once."""
    told: dict[str, list[Finding]] = {}
    for platform in platforms_in(facts):
        for finding in _on(facts, platform):
            told.setdefault(finding.message, []).append(finding)
    for same in told.values():
        packages = tuple(dict.fromkeys(package for one in same for package in one.packages))
        platforms = tuple(dict.fromkeys(filter(None, (package.platform for package in packages))))
        yield replace(same[0], packages=packages, platforms=platforms)


def _on(facts: Facts, platform: str) -> Iterator[Finding]:
    shelf = _shelf(facts, platform)
    torch = shelf.wheels.get("torch") if shelf else None
    if shelf is None:
        return
    if torch:
        yield from _beside_torch(facts, torch, shelf, platform)
    yield from _old_linker(facts, shelf.wheels)
    yield from _beside_jax(facts, shelf.wheels)


def _shelf(facts: Facts, platform: str) -> Shelf | None:
    if isinstance(facts.lock, Lock):
        return locked_shelf(facts.lock, platform)
    return declared_shelf(facts.environment, platform) if isinstance(facts.environment, EnvironmentFile) else None


def _beside_torch(facts: Facts, torch: Library, shelf: Shelf, platform: str) -> Iterator[Finding]:
    label = label_in(torch.version)
    if label and not platform.startswith("win-"):  # for Windows the wheels hold the libraries themselves
        yield from _against_label(facts, torch, label, shelf.wheels)
    elif "+" not in torch.version and shelf.from_pypi and has_pypi_cuda(torch.version, platform):
        required = required_by_torch(torch.version)
        yield from _against_metadata(facts, torch, required, shelf.wheels)
        yield from _of_conda(facts, torch, required, shelf.of_conda)


def _against_metadata(
    facts: Facts, torch: Library, required: Mapping[str, str], wheels: Mapping[str, Library]
) -> Iterator[Finding]:
    differing = [(wheels[name], version) for name, version in sorted(required.items()) if name in wheels]
    for severity in (Severity.ERROR, Severity.WARNING):
        found = [pair for pair in differing if _compare(*pair) is severity]
        if found:
            why = [f"torch {torch.version} requires `{wheel.name}=={version}`" for wheel, version in found]
            yield _finding(facts, [wheel for wheel, _ in found], torch, severity, why)


def _compare(wheel: Library, required: str) -> Severity | None:
    """Older is an error, newer a warning; cuDNN checks its major and minor release when it is loaded, no more."""
    mine, wanted = numbers(wheel.version), numbers(required)
    if mine == wanted:
        return None
    if library_of(wheel.name) == "cudnn":
        broken = mine[:1] != wanted[:1] or mine[:2] < wanted[:2]
        return Severity.ERROR if broken else Severity.WARNING
    return Severity.ERROR if mine < wanted else Severity.WARNING


def _against_label(facts: Facts, torch: Library, label: Numbers, wheels: Mapping[str, Library]) -> Iterator[Finding]:
    """A wheel with a label requires the libraries of that CUDA release; which update of it, no table says."""
    if numbers(torch.version)[:2] < _FIRST_LABEL_WITH_WHEELS:
        return
    of_major = [wheel for wheel in wheels.values() if suffix_cuda(wheel.name) in (label[:1], None)]
    found: dict[Severity, list[Library]] = {}
    for wheel in of_major:
        oldest, newest = cuda_of_library(wheel.name, wheel.version)
        if newest and newest < label:
            found.setdefault(Severity.ERROR, []).append(wheel)
        elif oldest and oldest > label and library_of(wheel.name) != "nvjitlink":
            found.setdefault(Severity.WARNING, []).append(wheel)
    for severity, libraries in found.items():
        releases = [cuda_of_library(wheel.name, wheel.version) for wheel in libraries]
        newest = max(newest or oldest or () for oldest, newest in releases)
        why = [f"label of `{torch.said}` gives CUDA {dotted(label)}, these are of {dotted(newest)}"]
        yield _finding(facts, libraries, torch, severity, why)


def _old_linker(facts: Facts, wheels: Mapping[str, Library]) -> Iterator[Finding]:
    """The library cuSPARSE calls nvJitLink of its own CUDA release or a later one."""
    for suffix in ("-cu12", ""):
        linker, caller = wheels.get(f"nvidia-nvjitlink{suffix}"), wheels.get(f"nvidia-cusparse{suffix}")
        needed = cuda_of_library(caller.name, caller.version)[0] if linker and caller else None
        if linker and caller and needed and numbers(linker.version)[:2] < needed:
            why = [f"`{caller.said}` is of CUDA {dotted(needed)} and calls nvJitLink of that release or a later one"]
            yield _finding(facts, [linker], caller, Severity.ERROR, why)


def _beside_jax(facts: Facts, wheels: Mapping[str, Library]) -> Iterator[Finding]:
    jaxlib = wheels.get("jaxlib")
    if jaxlib is None:
        return
    built = re.search(_CUDNN_OF_JAX, jaxlib.version)
    cudnn = next((wheel for name, wheel in sorted(wheels.items()) if library_of(name) == "cudnn"), None)
    if built and cudnn and numbers(cudnn.version)[:2] < (int(built["major"]), int(built["minor"])):
        why = [f"`{jaxlib.said}` was compiled with cuDNN {built['major']}.{built['minor']}"]
        yield _finding(facts, [cudnn], jaxlib, Severity.WARNING, why)


def _of_conda(
    facts: Facts, torch: Library, required: Mapping[str, str], libraries: Sequence[Library]
) -> Iterator[Finding]:
    for library in libraries:
        own = next((version for name, version in required.items() if library_of(name) == library.name), None)
        older = own is not None and bool(library.version) and numbers(library.version)[:2] < numbers(own)[:2]
        if own:
            why = [f"torch {torch.version} brings {library.name} {own}", _OWN]
            severity = Severity.WARNING if older else Severity.INFO
            finding = _finding(facts, [library], torch, severity, why)
            yield replace(
                finding,
                message=f"`{library.said}` (conda) stands beside the {library.name} {own} that `{torch.said}` brings",
                fix=f"take `{library.name}` out of the conda part, or torch from conda as well",
            )


def _finding(
    facts: Facts, libraries: Sequence[Library], framework: Library, severity: Severity, why: Sequence[str]
) -> Finding:
    named = shortened([f"`{library.said}`" for library in libraries], _MOST_SHOWN)
    verb = "does" if len(libraries) == 1 else "do"
    wanted = [(one.package.manager, one.name) for one in (*libraries, framework)]
    users = tuple(_users(facts, libraries, framework))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence if severity is RULE.severity else Confidence.MEDIUM,
        message=f"{named} {verb} not fit `{framework.said}`",
        location=first_place(facts, tuple(wanted)) or libraries[0].location,
        related=(RelatedLocation(location=framework.location, message=f"`{framework.said}`"),),
        packages=(*(library.package for library in libraries), framework.package),
        evidence=(*why[:_MOST_SHOWN], *users),
        fix=_fix(facts, named, framework),
        paths=_paths(facts, libraries),
    )


def _fix(facts: Facts, named: str, framework: Library) -> str:
    if isinstance(facts.lock, Lock):
        verb = "install" if facts.lock.records else "lock anew with"
        return f"{verb} the version that `{framework.name}` requires; what asks for another one, elsewhere"
    return f"take the pin of {named} out, so that `{framework.name}` brings its own"


def _users(facts: Facts, libraries: Sequence[Library], framework: Library) -> Iterator[str]:
    """Yield who else of the lock asks for a library in which version: torch is not the only one that pins them."""
    if not isinstance(facts.lock, Lock):
        return
    names = {library.name for library in libraries}
    for package in facts.lock.on(framework.package.platform or "", "pip"):
        for name, constraint in package.dependencies:
            if name in names and package.name != framework.name and constraint.startswith(("=", "<", "~")):
                yield f"`{package.name}` asks for `{name} {constraint}`"


def _paths(facts: Facts, libraries: Sequence[Library]) -> tuple[tuple[PackageRef, ...], ...]:
    """Return how each library came into the lock, where that was through others."""
    wanted = (library.package for library in libraries[:_MOST_SHOWN])
    return ways_in(facts, facts.lock, wanted) if isinstance(facts.lock, Lock) else ()

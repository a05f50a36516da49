"""A pip name under which there is no CUDA library.

What it checks.
    Pip lines and locked pip packages: `nvidia-<library>-cu13` of a library that lost its suffix with CUDA 13, cuDNN,
    NCCL, cuSPARSELt or NVSHMEM without one, and `cudatoolkit`, which is a conda package.

Why it matters.
    These names are empty placeholders, or projects of somebody else: pip installs them, or stops in their build, and
    no library arrives. The framework then takes another one, or none.

Bad.
    dependencies:
      - pip
      - pip:
          - torch==2.11.0
          - nvidia-cublas-cu13

Good.
    dependencies:
      - pip
      - pip:
          - torch==2.11.0
          - nvidia-cublas

How to fix.
    Write the real name. In most cases the line can go: torch brings the libraries that it needs.

When it stays silent.
    The suffix is that of CUDA 11 or 12; the library is one of the four that keep theirs; conda's `cudatoolkit`.

Sources.
    METADATA on PyPI: versions 0.0.0a0 and 0.0.1 of the placeholders; requirements of torch 2.11 to 2.15,
    read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.nvidia_wheels import SHARED, is_placeholder, library_of, name_for, suffix_cuda
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import first_place, platforms_of, written
from reprocheck.rules.effective_cuda import DEFAULT_PLATFORM, effective_cuda, platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.mends import replacement
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC434",
    name="wrong-nvidia-name",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_TOOLKIT = "cudatoolkit"
_USUAL_MAJOR = 12


def check(facts: Facts) -> Iterator[Finding]:
    """Yield the pip lines, then what only the lock holds."""
    asked: set[str] = set()
    if isinstance(facts.environment, EnvironmentFile):
        for item in facts.environment.pip:
            if item.name and _why(item.name):
                asked.add(item.name)
                yield _declared_finding(facts, facts.environment, item)
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock, asked)


def _why(name: str) -> str:
    """Return why there is no library under a name, empty where there is one."""
    if name == _TOOLKIT:
        return "`cudatoolkit` is a conda package; the wheel that brings a whole CUDA release is `cuda-toolkit`"
    library, suffix = library_of(name), suffix_cuda(name)
    if library in SHARED and suffix is None:
        return f"the wheels of {library} carry the CUDA major in their name, for every major"
    if is_placeholder(name):
        return f"`{name}` is an empty placeholder: from CUDA 13 on the library has no suffix"
    return ""


def _instead(facts: Facts, platform: str, name: str) -> str:
    if name == _TOOLKIT:
        return "cuda-toolkit"
    claims = effective_cuda(facts, platform)
    cuda = claims[0].cuda if claims else suffix_cuda(name) or (_USUAL_MAJOR,)
    return name_for(library_of(name) or "", cuda[0])


def _declared_finding(facts: Facts, environment: EnvironmentFile, item: PipRequirement) -> Finding:
    platform = min(platforms_of(item, environment) & {*platforms_in(facts)}, default=DEFAULT_PLATFORM)
    name = item.name or ""
    instead = _instead(facts, platform, name)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{written(item)}` (pip) brings no library of CUDA",
        location=item.location,
        packages=(PackageRef(manager="pip", name=name),),
        evidence=(_why(name),),
        fix=f"write `{instead}`, or take the line out: torch brings the libraries that it needs",
        edits=_edits(environment, item, instead),
    )


def _edits(environment: EnvironmentFile, item: PipRequirement, instead: str) -> tuple[Edit, ...]:
    """Write the real name; versions of a placeholder are none of the library, those of other wrong names are."""
    is_placeholder = suffix_cuda(item.name or "") is not None
    if item.kind != "requirement" or item.marker or item.extras:
        return ()
    return replacement(environment, item, instead if is_placeholder else f"{instead}{item.specifier}", safe=False)


def _locked(facts: Facts, lock: Lock, asked: set[str]) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[LockedPackage]] = {}
    for platform in platforms_in(facts):
        for package in lock.on(platform, "pip"):
            if package.name not in asked and _why(package.name):
                found.setdefault((package.name, package.version), []).append(package)
    for packages in found.values():
        yield _locked_finding(facts, lock, packages)


def _locked_finding(facts: Facts, lock: Lock, packages: list[LockedPackage]) -> Finding:
    first, path = packages[0], path_to(facts, lock, packages[0])
    platforms = tuple(package.platform for package in packages)
    by = f", which `{path[-2].name}` needs," if len(path) > 1 else ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{first.name} {first.version}` (pip){by} brings no library of CUDA on {', '.join(platforms)}",
        location=first_place(facts, tuple((step.manager, step.name) for step in path[:1])) or lock.location_of(first),
        related=(RelatedLocation(location=lock.location_of(first), message=in_lock(lock)),),
        packages=tuple(reference(package) for package in packages),
        platforms=platforms,
        evidence=(_why(first.name),),
        fix=f"ask for `{_instead(facts, first.platform, first.name)}` and {anew(facts)}",
        paths=(path,) if len(path) > 1 else (),
    )

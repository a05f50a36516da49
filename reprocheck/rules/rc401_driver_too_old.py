"""The NVIDIA driver cannot run the CUDA of this environment.

What it checks.
    The NVIDIA driver of the machine against the oldest one that runs the CUDA of this environment at all.

Why it matters.
    The runtime stops with "CUDA driver version is insufficient", or the framework falls back to the CPU in silence,
    which computes other numbers, and slowly.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300

    machine: --driver 470.57.02

Good.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300

    machine: --driver 560.28.03

How to fix.
    Upgrade the driver, or lock for a CUDA that it runs.

When it stays silent.
    Minor-version compatibility covers the pair (from 525.60.13 on for any CUDA 12 on Linux); the driver or the CUDA
    is newer than the table; `cuda-compat` is locked, or loaded on this machine and runs that CUDA; the platform is
    macOS; the environment brings no CUDA.

Sources.
    NVIDIA CUDA Toolkit release notes, Tables 2 and 3; NVIDIA "Minor Version Compatibility", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_drivers import DriverFloor, is_older, newest_cuda, newest_runnable, oldest_driver
from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.machines import TargetMachine
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.declarations import first_place
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.effective_cuda import effective_cuda, evidence_of, platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.live_compat import runs_by_loaded_compat
from reprocheck.rules.relock_command import lock_for_cuda
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.runnable import COMPAT_PACKAGES

RULE = Rule(
    code="RC401",
    name="driver-too-old",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.DRIVER,),
    since="0.1.0",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    platform: str
    claims: tuple[CudaClaim, ...]


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each CUDA that the driver cannot run, its platforms together."""
    if isinstance(facts.machine, Unseen) or facts.machine.driver_version is None:
        return
    driver = facts.machine.driver_version
    found: dict[DriverFloor, list[_Case]] = {}
    for platform in platforms_in(facts):
        claims = () if _has_compat(facts, platform) else effective_cuda(facts, platform)
        if claims and runs_by_loaded_compat(facts, platform, claims[0].cuda):
            continue
        floor = oldest_driver(claims[0].cuda, windows=platform.startswith("win-")) if claims else None
        if floor and is_older(driver, floor.driver):
            found.setdefault(floor, []).append(_Case(platform=platform, claims=claims))
    for floor, cases in found.items():
        yield _finding(facts, facts.machine, floor, cases)


def _has_compat(facts: Facts, platform: str) -> bool:
    return isinstance(facts.lock, Lock) and any(
        package.manager == "conda" for package in facts.lock.named(platform, *COMPAT_PACKAGES)
    )


def _finding(facts: Facts, machine: TargetMachine, floor: DriverFloor, cases: list[_Case]) -> Finding:
    claims, driver = cases[0].claims, machine.driver_version or ""
    place, source = _place(facts, claims), claims[0]
    platforms = tuple(case.platform for case in cases)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"driver {driver} is too old for CUDA {dotted(claims[0].cuda)} on {', '.join(platforms)}:"
        f" it takes {floor.driver} or newer",
        location=place,
        related=() if place == source.location else (RelatedLocation(location=source.location, message=source.said),),
        packages=tuple(case.claims[0].package for case in cases),
        platforms=platforms,
        evidence=(*evidence_of(claims), floor.why, f"driver {driver} according to {machine.source}"),
        fix=_fix(facts, driver, floor, cases[0]),
    )


def _place(facts: Facts, claims: tuple[CudaClaim, ...]) -> Location:
    sources = tuple((claim.package.manager, claim.package.name) for claim in claims)
    usual = (("conda", "pytorch-gpu"), ("conda", "pytorch"), ("pip", "torch"))
    return first_place(facts, (*sources, *usual)) or claims[0].location


def _fix(facts: Facts, driver: str, floor: DriverFloor, case: _Case) -> str:
    upgrade = f"upgrade the driver to {floor.driver} or newer"
    newest = newest_cuda(driver)
    runs = newest_runnable(driver, windows=case.platform.startswith("win-"))
    if newest is None or runs is None:
        return upgrade
    if case.claims[0].package.manager == "pip":
        return f"{upgrade}, or take a torch wheel for CUDA {dotted(runs)} or older"
    relock = lock_for_cuda(facts, dotted(newest))
    pinned = _pinned(facts, case.platform)
    if pinned:
        place = f"line {pinned.location.line} (`{pinned.package.name}`)"
        return f"{upgrade}, or ask for CUDA {dotted(runs)} or older in {place} and {relock}"
    return f"{upgrade}, or {relock}"


def _pinned(facts: Facts, platform: str) -> CudaClaim | None:
    """Return what pins CUDA in the conda part; with it in place no `--cuda` helps."""
    if not isinstance(facts.environment, EnvironmentFile):
        return None
    claims = declared_claims(facts.environment, platform)
    return next((found for found in claims if found.package.manager == "conda"), None)

"""The lock was made for a driver with another CUDA than the one that the machine has.

What it checks.
    Where the lock holds conda packages for CUDA: whether the driver CUDA that it records, or that its content hash
    proves to have been assumed, is more than the driver of the machine brings; and whether a pixi.lock records one.

Why it matters.
    The solver took every build by that assumption. With a smaller driver the next package that is locked may not run
    there, and conda refuses to add to the environment: "nothing provides __cuda".

Bad.
    environment.yml:
      dependencies:
      - pytorch=2.6
      - cuda-version=12.6

    conda-lock.yml, shortened:
      - reprocheck.cuda: 12.9
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-version 12.6 h7480c83_3

    machine: --driver 560.35.03

Good.
    environment.yml:
      dependencies:
      - pytorch=2.6
      - cuda-version=12.6

    conda-lock.yml, shortened:
      - reprocheck.cuda: 12.6
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-version 12.6 h7480c83_3

    machine: --driver 560.35.03

How to fix.
    Lock for the driver that is there: `reprocheck lock --cuda X.Y` with the CUDA that `nvidia-smi` shows.

When it stays silent.
    No driver is known; the packages themselves need more than the driver brings (RC401 and RC402 tell that); no conda
    package is for CUDA; nobody decided, which is RC207. A pixi.lock without a record is told as info.

Sources.
    conda documentation "Managing virtual packages"; conda/conda-lock#85; NVIDIA CUDA Toolkit release notes, Table 3,
    read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.facts.cuda_drivers import is_newer_than_known, newest_cuda
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.model.findings import Confidence, Finding, Location, Severity
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import effective_cuda, platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.relock_command import PIXI, lock_for_cuda, lock_tool
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC421",
    name="lock-not-tied-to-cuda",
    family=Family.CUDA,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

_VERSION = r"\d+\.\d+"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where the assumption is too high; for a pixi.lock, where there is none."""
    if isinstance(facts.lock, Unseen):
        return
    assumed = _assumed(facts, facts.lock)
    if assumed:
        yield from _too_high(facts, *assumed)
    elif lock_tool(facts.lock) == PIXI:
        yield from _unrecorded(facts, facts.lock)


def _assumed(facts: Facts, lock: Lock) -> tuple[Numbers, str] | None:
    """Return the CUDA of the driver that the lock was made for, and who says so."""
    recorded = lock.custom(CUDA_KEY)
    if recorded and re.match(_VERSION, recorded):
        return numbers(recorded)[:2], f"`{lock.path}` records CUDA {recorded}"
    proven = None if isinstance(facts.freshness, Unseen) else facts.freshness.assumed_cuda
    if recorded is None and proven and re.match(_VERSION, proven):
        return numbers(proven)[:2], f"the content hash of `{lock.path}` is that of CUDA {proven}"
    return None


def _too_high(facts: Facts, assumed: Numbers, source: str) -> Iterator[Finding]:
    driver = facts.driver
    newest = None if isinstance(driver, Unseen) else newest_cuda(driver)
    claims = [found for platform in platforms_in(facts) for found in _conda_claims(facts, platform)]
    if newest is None or isinstance(driver, Unseen) or not claims or assumed <= newest:
        return
    if is_newer_than_known(driver):
        return  # it brings more than the table knows, which RC454 tells
    if any(found.cuda > newest for found in claims):
        return  # RC401 and RC402 tell what does not run, and why
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock was made for a driver with CUDA {dotted(assumed)}, and driver {driver} brings"
        f" {dotted(newest)}",
        location=_place(facts, claims[0]),
        packages=tuple(dict.fromkeys(found.package for found in claims)),
        platforms=tuple(dict.fromkeys(found.package.platform or "" for found in claims)),
        evidence=(source, f"driver {driver} brings CUDA {dotted(newest)}"),
        fix=lock_for_cuda(facts, dotted(newest)),
    )


def _conda_claims(facts: Facts, platform: str) -> list[CudaClaim]:
    """A wheel brings its CUDA with it, whatever the lock assumes; conda packages were chosen by it."""
    return [found for found in effective_cuda(facts, platform) if found.package.manager == "conda"]


def _place(facts: Facts, claim: CudaClaim) -> Location:
    wanted = ((claim.package.manager, claim.package.name), ("conda", "pytorch"), ("conda", "pytorch-gpu"))
    return first_place(facts, wanted) or claim.location


def _unrecorded(facts: Facts, lock: Lock) -> Iterator[Finding]:
    """Yield that a pixi.lock does not say for which driver its packages are."""
    packages = [
        package
        for platform in platforms_in(facts)
        for package in lock.on(platform, "conda")
        if any(name == "__cuda" for name, _ in package.dependencies)
    ]
    if packages:
        yield _unrecorded_finding(lock, packages)


def _unrecorded_finding(lock: Lock, packages: list[LockedPackage]) -> Finding:
    first = packages[0]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        message=f"the lock does not say for which CUDA driver `{first.name} {first.version}` was chosen",
        location=lock.location_of(first),
        packages=tuple(dict.fromkeys(map(reference, packages))),
        platforms=tuple(dict.fromkeys(package.platform for package in packages)),
        evidence=(f"`{first.name}` depends on `__cuda`, and `{lock.path}` records no virtual packages",),
        fix="keep `cuda` in `[system-requirements]` of the manifest, and lock with a pixi that writes it down",
    )

"""What is here is newer than what reprocheck knows.

What it checks.
    The release of torch, the CUDA, the driver and the GPUs against the newest rows of the packaged tables.

Why it matters.
    What is newer than the tables is never called wrong. It is not called right either: RC401 to RC406 know nothing of
    its kernels and its driver floor, and hold what they say for a lower bound.

Bad.
    environment.yml:
      dependencies:
        - python=3.12
        - pip:
            - torch==99.0.0

Good.
    environment.yml:
      dependencies:
        - python=3.12
        - pip
        - pip:
            - torch==2.6.0

How to fix.
    Upgrade reprocheck.

When it stays silent.
    Everything is in the tables; nothing about torch or CUDA is locked or pinned.

Sources.
    The packaged tables `torch_wheels`, `cuda_driver` and `gpu_arch` of reprocheck, which name their sources and day.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_drivers import branches, is_newer_than_known, newest_known_cuda
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.torch_wheels import newest_torch
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.declarations import Declaration, constraint_of, first_place, package_of, standing_on, written
from reprocheck.rules.effective_cuda import effective_cuda, platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import called, capability, told_by
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.places import start_of
from reprocheck.rules.rule import Family, Rule

RULE = Rule(
    code="RC454",
    name="knowledge-table-older",
    family=Family.CUDA,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, the environment file and the machine, whichever is there
    since="0.1.0",
)

_TORCH = ("torch", "pytorch", "libtorch")
_LAST_COMPLETE_MAJOR = (12,)  # NVIDIA releases no CUDA of this major any more: all of it is in the table


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for torch, one for CUDA, one for the driver and one for the GPUs."""
    yield from _first(_torch(facts, platform) for platform in platforms_in(facts))
    yield from _first(_cuda(facts, platform) for platform in platforms_in(facts))
    driver = facts.driver
    if isinstance(driver, str) and is_newer_than_known(driver):
        evidence = f"driver {driver} according to {told_by(facts)}"
        yield _finding(f"driver {driver}", f"branch {branches()[-1]}", start_of(facts), (), evidence)
    yield from _gpus(facts)


def _first(found: Iterator[Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the first finding of several platforms: what is newer is so on all of them."""
    for findings in found:
        for finding in findings:
            yield finding
            return


def _torch(facts: Facts, platform: str) -> Iterator[Finding]:
    for said, version, package, place in _torches(facts, platform):
        if numbers(version) > newest_torch():
            yield _finding(said, f"torch {dotted(newest_torch())}", place, (package,), f"{said} on {platform}")


def _torches(facts: Facts, platform: str) -> Iterator[tuple[str, str, PackageRef, Location]]:
    if isinstance(facts.lock, Lock):
        for found in facts.lock.named(platform, *_TORCH):
            place = first_place(facts, ((found.manager, found.name),)) or facts.lock.location_of(found)
            yield f"`{found.name} {found.version}`", found.version, reference(found), place
    elif isinstance(facts.environment, EnvironmentFile):
        environment = facts.environment
        entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
        torches = (entry for entry in entries if entry.name in _TORCH)
        for entry in standing_on(platform, torches, environment):
            yield f"`{written(entry)}`", _pinned(entry), package_of(entry), entry.location


def _pinned(entry: Declaration) -> str:
    pin = pin_of(constraint_of(entry))
    return pin.version if pin else ""


def _cuda(facts: Facts, platform: str) -> Iterator[Finding]:
    for found in effective_cuda(facts, platform)[:1]:
        if found.cuda[:1] > _LAST_COMPLETE_MAJOR and _is_newer(found.cuda):
            place = first_place(facts, ((found.package.manager, found.package.name),)) or found.location
            known = f"CUDA {dotted(newest_known_cuda())}"
            yield _finding(f"CUDA {dotted(found.cuda)}", known, place, (found.package,), found.said)


def _is_newer(cuda: Numbers) -> bool:
    newest = newest_known_cuda()
    return cuda > newest[: len(cuda)]


def _gpus(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.gpus, Unseen):
        return
    # Imported where it is needed: `check` looks at no machine.
    from reprocheck.facts.gpu_arch import newest_known_gpu

    newest = newest_known_gpu()
    newer = tuple(gpu for gpu in facts.gpus if capability(gpu) > newest)
    if newer:
        said = called(newer)
        evidence = f"{said} according to {told_by(facts)}"
        yield _finding(said, f"compute capability {dotted(newest)}", start_of(facts), (), evidence)


def _finding(said: str, known: str, place: Location, packages: tuple[PackageRef, ...], evidence: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{said} is newer than the tables of reprocheck, which end with {known}",
        location=place,
        packages=packages,
        platforms=tuple(package.platform for package in packages if package.platform),
        evidence=(evidence,),
        fix="upgrade reprocheck; until then what it says about this is a lower bound",
    )
